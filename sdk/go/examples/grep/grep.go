// Answers with the lines of its input that contain `word`, as `LC_ALL=C grep -aF` does.
//
// Lines in few runs leave as ranges of the input window; many runs are copied into one output window made to measure.
package main

import (
	"bytes"
	"strings"

	"inlay"
)

func init() { inlay.Handle(grep) }

func main() {}

const (
	wordBytesMax = 1024
	rangesMax    = 1024
)

// eachRun calls take for each run of neighbouring lines that contain the word.
func eachRun(text, word []byte, take func(run []byte)) {
	begin, end := 0, 0
	give := func() {
		if begin != end {
			take(text[begin:end])
		}
	}
	if len(word) == 0 {
		end = len(text)
	}
	for end < len(text) {
		found := bytes.Index(text[end:], word)
		if found < 0 {
			break
		}
		found += end
		if line := end + bytes.LastIndexByte(text[end:found], '\n') + 1; line != end {
			give()
			begin = line
		}
		behind := found + len(word)
		if newline := bytes.IndexByte(text[behind:], '\n'); newline >= 0 {
			end = behind + newline + 1
		} else {
			end = len(text)
		}
	}
	give()
}

func wordOf(request *inlay.Request) (string, error) {
	word, err := request.Parameter("word")
	switch {
	case err == inlay.ErrAbsent:
		return "", inlay.Fail(400, "word: this parameter is needed")
	case err == nil && len(word) > wordBytesMax:
		err = inlay.ErrArgument
	case err == nil && strings.Contains(word, "\n"):
		return "", inlay.Fail(400, "word: a newline is not allowed")
	}
	return word, inlay.About(err, "word")
}

func grep(request *inlay.Request) error {
	word, err := wordOf(request)
	if err != nil {
		return err
	}
	input, err := request.Input()
	if err != nil {
		return err
	}
	view, err := input.MapAll()
	if err != nil {
		return err
	}
	text := view.Bytes()

	var ranges [][]byte
	count, size := 0, 0
	newline := []byte(nil)
	eachRun(text, []byte(word), func(run []byte) {
		if count < rangesMax {
			ranges = append(ranges, run)
		}
		count++
		size += len(run)
		if run[len(run)-1] != '\n' {
			newline = []byte("\n")
		}
	})
	response := request.Response().ContentType("text/plain")
	if count+len(newline) <= rangesMax {
		if len(newline) > 0 {
			ranges = append(ranges, newline)
		}
		return response.Ranges(ranges...)
	}

	output, err := request.Output(int64(size + len(newline)))
	if err != nil {
		return err
	}
	rest := output.Bytes()
	add := func(run []byte) { rest = rest[copy(rest, run):] }
	eachRun(text, []byte(word), add)
	add(newline)
	return response.Bytes(output.Bytes())
}
