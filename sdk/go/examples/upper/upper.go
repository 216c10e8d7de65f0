// Upper-cases the ASCII letters of its input into an output window, which is the response or, with `into`, an object. With
// `stream=1` the body is answered while it comes.
package main

import (
	"strconv"
	"unsafe"

	"inlay"
)

func init() { inlay.Handle(upper) }

func main() {}

const (
	partBytes           = 128 << 10 // as large as the pieces of a stream
	contentTypeBytesMax = 1024
	ones                = 0x0101010101010101
	highs               = 0x80 * ones
	roundWords          = 8
)

// upperWord upper-cases eight bytes. Without its highest bit a byte is at most 0x7f, so that adding 0x80 - x sets that bit
// exactly in those that are at least x, and carries into none.
func upperWord(word uint64) uint64 {
	low := word &^ highs
	lower := (low + (0x80-'a')*ones) &^ (low + (0x80-'z'-1)*ones) &^ word & highs
	return word ^ lower>>2
}

func words(bytes []byte) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/8)
}

// upperBytes REQUIRES: `to` is as long as `from`.
func upperBytes(from, to []byte) {
	source, target := words(from), words(to)
	for ; len(source) >= roundWords && len(target) >= roundWords; source, target = source[roundWords:], target[roundWords:] {
		s, t := (*[roundWords]uint64)(source), (*[roundWords]uint64)(target)
		t[0], t[1], t[2], t[3] = upperWord(s[0]), upperWord(s[1]), upperWord(s[2]), upperWord(s[3])
		t[4], t[5], t[6], t[7] = upperWord(s[4]), upperWord(s[5]), upperWord(s[6]), upperWord(s[7])
	}
	for i := (len(words(from)) - len(source)) * 8; i < len(from); i++ {
		to[i] = byte(upperWord(uint64(from[i])))
	}
}

// upperStream answers the body while it comes, part by part through one output window.
func upperStream(request *inlay.Request, contentType string) error {
	output, err := request.Output(partBytes)
	if err != nil {
		return err
	}
	sender, err := request.Response().ContentType(contentType).Sender()
	if err != nil {
		return err
	}
	for piece, err := range request.Pieces() {
		if err != nil {
			return err
		}
		for len(piece) > 0 {
			from := piece[:min(len(piece), partBytes)]
			part := output.Bytes()[:len(from)]
			upperBytes(from, part)
			if err := sender.Send(part); err != nil {
				return err
			}
			piece = piece[len(from):]
		}
	}
	return nil
}

// appendJSON adds text with its quotes. Bytes from 0x80 on pass as they are: UTF-8 stays UTF-8.
func appendJSON(json []byte, text string) []byte {
	const hex = "0123456789abcdef"
	json = append(json, '"')
	for i := 0; i < len(text); i++ {
		switch letter := text[i]; {
		case letter == '"' || letter == '\\':
			json = append(json, '\\', letter)
		case letter < 0x20 || letter == 0x7f:
			json = append(json, '\\', 'u', '0', '0', hex[letter>>4], hex[letter&15])
		default:
			json = append(json, letter)
		}
	}
	return append(json, '"')
}

func upper(request *inlay.Request) error {
	contentType := request.HeaderOr("Content-Type", "text/plain")
	if len(contentType) > contentTypeBytesMax {
		contentType = "text/plain"
	}
	if request.WantsStream() {
		return upperStream(request, contentType)
	}
	input, err := request.Input()
	if err != nil {
		return err
	}
	view, err := input.MapAll()
	if err != nil {
		return err
	}
	output, err := request.Output(int64(view.Len()))
	if err != nil {
		return err
	}
	upperBytes(view.Bytes(), output.Bytes())

	name, err := request.Parameter("into")
	if err == inlay.ErrAbsent {
		return request.Response().ContentType(contentType).Bytes(output.Bytes())
	}
	if err == nil && len(name) > inlay.NameBytesMax {
		err = inlay.ErrArgument
	}
	if err == nil {
		err = request.Publish(name, contentType, output.Bytes())
	}
	if err != nil {
		return inlay.About(err, "into")
	}
	json := appendJSON([]byte(`{"object":`), name)
	json = strconv.AppendInt(append(json, `,"bytes":`...), int64(output.Len()), 10)
	return request.Response().ContentType("application/json").Bytes(append(json, "}\n"...))
}
