package main

import (
	"unsafe"

	"inlay/arrowfile"
)

// The sum of floats must not depend on the language or the machine, and yet be fast: eight sums go side by side. Sum k adds,
// in order, the rows of each batch whose number in that batch is k modulo 8. Whole numbers are summed modulo 2^64.
const (
	lanes     = 8
	roundRows = 32 // going round costs as much as several of them
)

type number interface {
	~int8 | ~int16 | ~int32 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

type wide interface{ ~uint64 | ~float64 }

type sums[W wide] [lanes]W

func (s *sums[W]) total() W {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// valuesOf need not be aligned, which is all the same to WebAssembly and to the machines that tests run on.
func valuesOf[V number](chunk arrowfile.Chunk) []V {
	return unsafe.Slice((*V)(unsafe.Pointer(unsafe.SliceData(chunk.Values))), chunk.Rows)
}

// add adds a chunk to the lanes.
func add[V number, W wide](chunk arrowfile.Chunk, total *sums[W]) {
	values := valuesOf[V](chunk)
	if chunk.Validity != nil {
		addValid(values, chunk.Validity, total)
		return
	}
	s0, s1, s2, s3, s4, s5, s6, s7 := total[0], total[1], total[2], total[3], total[4], total[5], total[6], total[7]
	for ; len(values) >= roundRows; values = values[roundRows:] {
		v := (*[roundRows]V)(values)
		s0 = s0 + W(v[0]) + W(v[8]) + W(v[16]) + W(v[24])
		s1 = s1 + W(v[1]) + W(v[9]) + W(v[17]) + W(v[25])
		s2 = s2 + W(v[2]) + W(v[10]) + W(v[18]) + W(v[26])
		s3 = s3 + W(v[3]) + W(v[11]) + W(v[19]) + W(v[27])
		s4 = s4 + W(v[4]) + W(v[12]) + W(v[20]) + W(v[28])
		s5 = s5 + W(v[5]) + W(v[13]) + W(v[21]) + W(v[29])
		s6 = s6 + W(v[6]) + W(v[14]) + W(v[22]) + W(v[30])
		s7 = s7 + W(v[7]) + W(v[15]) + W(v[23]) + W(v[31])
	}
	*total = sums[W]{s0, s1, s2, s3, s4, s5, s6, s7}
	for row, value := range values {
		total[row%lanes] += W(value)
	}
}

// addValid leaves nulls out.
func addValid[V number, W wide](values []V, validity []byte, total *sums[W]) {
	for _, valid := range validity {
		eight := values[:min(lanes, len(values))]
		values = values[len(eight):]
		for lane, value := range eight {
			if valid>>lane&1 != 0 {
				total[lane] += W(value)
			}
		}
	}
}

func addWhole(column *arrowfile.Column, chunk arrowfile.Chunk, total *sums[uint64]) {
	isSigned := column.Kind() == arrowfile.Signed
	switch width := column.ValueBytes(); {
	case width == 1 && isSigned:
		add[int8](chunk, total)
	case width == 1:
		add[uint8](chunk, total)
	case width == 2 && isSigned:
		add[int16](chunk, total)
	case width == 2:
		add[uint16](chunk, total)
	case width == 4 && isSigned:
		add[int32](chunk, total)
	case width == 4:
		add[uint32](chunk, total)
	default:
		add[uint64](chunk, total)
	}
}

func addFloats(column *arrowfile.Column, chunk arrowfile.Chunk, total *sums[float64]) {
	if column.ValueBytes() == 4 {
		add[float32](chunk, total)
	} else {
		add[float64](chunk, total)
	}
}
