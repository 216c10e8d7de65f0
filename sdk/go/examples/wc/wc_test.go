package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"testing"

	"inlay/inlaytest"
)

// plainly counts byte by byte.
func plainly(text []byte) string {
	lines, words, inWord := 0, 0, false
	for _, letter := range append(bytes.Clone(text), ' ') {
		isSpace := letter >= '\t' && letter <= '\r' || letter == ' '
		if letter == '\n' {
			lines++
		}
		if isSpace && inWord {
			words++
		}
		inWord = !isSpace && (inWord || letter > ' ' && letter < 0x7f)
	}
	return fmt.Sprintf("{\"lines\":%d,\"words\":%d,\"bytes\":%d}\n", lines, words, len(text))
}

func TestItCountsAsCountingByteByByteDoes(t *testing.T) {
	dice := rand.New(rand.NewSource(1))
	alphabet := []byte("\x00\x08\t\n\v\f\r\x0e\x1f !a~\x7f\x80\x89\xa0\xff")
	for round := range 3000 {
		text := make([]byte, dice.Intn(100))
		for i := range text {
			text[i] = alphabet[dice.Intn(1+round%len(alphabet))]
		}
		if answer := (inlaytest.Host{Body: text}).Run(wc); string(answer.Body) != plainly(text) {
			t.Fatalf("%q: %s, expected %s", text, answer.Body, plainly(text))
		}
	}
}

func TestAWordMayLieInSeveralPieces(t *testing.T) {
	answer := inlaytest.Host{Query: "stream=1", Pieces: [][]byte{[]byte("on"), []byte("e tw"), []byte("o")}}.Run(wc)
	if string(answer.Body) != "{\"lines\":0,\"words\":2,\"bytes\":7}\n" {
		t.Errorf("%s", answer.Body)
	}
}
