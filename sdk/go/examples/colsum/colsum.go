// Sums the column `column` of an Arrow IPC file where it lies; nulls do not count.
package main

import (
	"math"
	"strconv"

	"inlay"
	"inlay/arrowfile"
)

func init() { inlay.Handle(colsum) }

func main() {}

const (
	columnBytesMax   = 1024
	prefetchBytesMin = 256 << 10
	prefetchBytesMax = 64 << 20
)

// appendFloat is printf's %.17g; NaN is "nan", whatever its sign.
func appendFloat(line []byte, number float64) []byte {
	switch {
	case math.IsNaN(number):
		return append(line, "nan"...)
	case math.IsInf(number, 1):
		return append(line, "inf"...)
	case math.IsInf(number, -1):
		return append(line, "-inf"...)
	}
	return strconv.AppendFloat(line, number, 'g', 17, 64)
}

// sumOf gives the sum as text.
func sumOf(source inlay.Source, file []byte, name string) ([]byte, error) {
	opened, err := arrowfile.Open(file)
	if err != nil {
		return nil, err
	}
	column, err := opened.Column(name)
	if err != nil {
		return nil, err
	}
	var whole sums[uint64]
	var floats sums[float64]
	add := func(chunk arrowfile.Chunk) { addWhole(column, chunk, &whole) }
	if column.Kind() == arrowfile.Float {
		add = func(chunk arrowfile.Chunk) { addFloats(column, chunk, &floats) }
	}
	var before arrowfile.Chunk // is summed while the next is read in from disk
	for chunk, err := range column.Chunks() {
		if err != nil {
			return nil, err
		}
		if len(chunk.Values) >= prefetchBytesMin {
			source.Prefetch(chunk.Offset, min(int64(len(chunk.Values)), prefetchBytesMax)) // a hint: it may be refused
		}
		add(before)
		before = chunk
	}
	add(before)
	switch column.Kind() {
	case arrowfile.Float:
		return appendFloat(nil, floats.total()), nil
	case arrowfile.Signed:
		return strconv.AppendInt(nil, int64(whole.total()), 10), nil
	}
	return strconv.AppendUint(nil, whole.total(), 10), nil
}

func columnOf(request *inlay.Request) (string, error) {
	name, err := request.Parameter("column")
	switch {
	case err == inlay.ErrAbsent:
		return "", inlay.Fail(400, "column: this parameter is needed")
	case err == nil && len(name) > columnBytesMax:
		err = inlay.ErrArgument
	}
	return name, inlay.About(err, "column")
}

func colsum(request *inlay.Request) error {
	name, err := columnOf(request)
	if err != nil {
		return err
	}
	source, err := request.Input()
	if err != nil {
		return err
	}
	view, err := source.Map(0, inlay.Rest)
	if err != nil {
		return err
	}
	sum, err := sumOf(source, view.Bytes(), name)
	if err != nil {
		subject := "the file"
		if why, isOurs := err.(arrowfile.Error); isOurs && why.AboutColumn() {
			subject = "column=" + name
		}
		return inlay.Fail(422, subject+": "+err.Error())
	}
	return request.Response().ContentType("text/plain").Bytes(append(sum, '\n'))
}
