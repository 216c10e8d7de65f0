// Sums the little-endian 64-bit words of its input modulo 2^64; `offset` and `length` choose a piece, in bytes. The input may
// be larger than memory: a window moves over it.
package main

import (
	"math"
	"unsafe"

	"inlay"
)

func init() { inlay.Handle(sum) }

func main() {}

const (
	wordBytes  = 8
	roundWords = 32
)

// sumWords leaves a part of a word at the end out. Words need not be aligned, which is all the same to WebAssembly.
func sumWords(view []byte) uint64 {
	words := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(view))), len(view)/wordBytes)
	var a, b, c, d uint64
	// Many words a round: going round costs as much as several of them, and an array has its bounds checked once.
	for ; len(words) >= roundWords; words = words[roundWords:] {
		w := (*[roundWords]uint64)(words)
		a += w[0] + w[1] + w[2] + w[3] + w[4] + w[5] + w[6] + w[7]
		b += w[8] + w[9] + w[10] + w[11] + w[12] + w[13] + w[14] + w[15]
		c += w[16] + w[17] + w[18] + w[19] + w[20] + w[21] + w[22] + w[23]
		d += w[24] + w[25] + w[26] + w[27] + w[28] + w[29] + w[30] + w[31]
	}
	for _, word := range words {
		a += word
	}
	return a + b + c + d
}

// limit reads a parameter that is at most `most`.
func limit(request *inlay.Request, name string, otherwise, most int64) (int64, error) {
	number, err := request.ParameterUint(name, uint64(otherwise))
	if err == nil && number > math.MaxInt64 || int64(number) > most {
		err = inlay.About(inlay.ErrRange, name)
	}
	return int64(number), err
}

func sum(request *inlay.Request) error {
	source, err := request.Input()
	if err != nil {
		return err
	}
	offset, err := limit(request, "offset", 0, source.Size())
	if err != nil {
		return err
	}
	left := source.Size() - offset
	length, err := limit(request, "length", left, left)
	if err != nil {
		return err
	}
	var total uint64
	for view, err := range source.Windows(wordBytes, offset, length) {
		if err != nil {
			return err
		}
		total += sumWords(view)
	}
	return request.Response().Number(total)
}
