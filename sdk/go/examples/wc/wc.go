// Counts lines, words and bytes of its input as `LC_ALL=C wc -lwc` does. The input may be of any size; with `stream=1` it is
// the body while it comes.
//
// A word ends at a space (\t \n \v \f \r and blank) and holds at least one printable byte (0x21 to 0x7e); all other bytes
// neither make a word nor end one.
package main

import (
	"math/bits"
	"strconv"
	"unsafe"

	"inlay"
)

func init() { inlay.Handle(wc) }

func main() {}

const (
	wordBytes = 8 // bytes that are looked at together
	ones      = 0x0101010101010101
	highs     = 0x80 * ones
)

type counts struct {
	lines, words, bytes uint64
	inWord              uint64 // 1: the word before this point has not ended
}

// add counts a piece of the text. Best with pieces that are multiples of wordBytes.
func (c *counts) add(text []byte) {
	c.bytes += uint64(len(text))
	lines, words, inWord := c.lines, c.words, c.inWord
	for _, eight := range unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(text))), len(text)/wordBytes) {
		newlines, ends, carry := count(eight, inWord)
		lines += uint64(bits.OnesCount64(newlines))
		words += uint64(bits.OnesCount64(ends))
		inWord = carry
	}
	var rest uint64 // zeros are neither spaces nor printable: they change nothing
	for i, letter := range text[len(text)/wordBytes*wordBytes:] {
		rest |= uint64(letter) << (8 * i)
	}
	newlines, ends, carry := count(rest, inWord)
	c.lines = lines + uint64(bits.OnesCount64(newlines))
	c.words = words + uint64(bits.OnesCount64(ends))
	c.inWord = carry
}

// count gives a bit for each newline of eight bytes, and one for each space that ends a word.
func count(eight, inWord uint64) (newlines, ends, carry uint64) {
	// Without its highest bit a byte is at most 0x7f, so that adding 0x80 - x sets that bit exactly in those that are at
	// least x, and carries into none.
	low := eight &^ highs
	newline := low + (0x80-'\n')*ones
	afterNewline := low + (0x80-'\n'-1)*ones
	controls := (low + (0x80-'\t')*ones) &^ (low + (0x80-'\r'-1)*ones)
	blank := low + (0x80-' ')*ones
	printable := low + (0x80-0x21)*ones
	spaces := (controls | blank&^printable) &^ eight & highs
	printables := printable &^ (low + (0x80-0x7f)*ones) &^ eight & highs

	// Each run of bytes that are no spaces is a run of ones, and a word if it holds a printable. Adding a bit for each of
	// these, and the carry of an unfinished word, makes it overflow exactly then, and exactly into the lowest bit of the
	// space that ends it. No further: the sum stays below twice that bit's value, because the printables are in the run.
	others := ^(spaces<<1 - spaces>>7)
	sum, carry := bits.Add64(others, printables>>7, inWord)
	return newline &^ afterNewline &^ eight & highs, sum & (spaces >> 7), carry
}

func countInput(request *inlay.Request) (total counts, err error) {
	source, err := request.Input()
	if err != nil {
		return total, err
	}
	for view, err := range source.Windows(wordBytes, 0, inlay.Rest) {
		if err != nil {
			return total, err
		}
		total.add(view)
	}
	return total, nil
}

func countStream(request *inlay.Request) (total counts, err error) {
	for piece, err := range request.Pieces() {
		if err != nil {
			return total, err
		}
		total.add(piece)
	}
	return total, nil
}

func wc(request *inlay.Request) error {
	read := countInput
	if request.WantsStream() {
		read = countStream
	}
	total, err := read(request)
	if err != nil {
		return err
	}
	json := strconv.AppendUint([]byte(`{"lines":`), total.lines, 10)
	json = strconv.AppendUint(append(json, `,"words":`...), total.words+total.inWord, 10)
	json = strconv.AppendUint(append(json, `,"bytes":`...), total.bytes, 10)
	return request.Response().ContentType("application/json").Bytes(append(json, "}\n"...))
}
