package main

import (
	"bytes"
	"math/rand"
	"testing"

	"inlay/inlaytest"
)

func plainly(text []byte) []byte {
	upper := bytes.Clone(text)
	for i, letter := range upper {
		if letter >= 'a' && letter <= 'z' {
			upper[i] = letter - 0x20
		}
	}
	return upper
}

func TestLettersAreUpperCased(t *testing.T) {
	dice := rand.New(rand.NewSource(1))
	for size := range 300 {
		text := make([]byte, size)
		dice.Read(text)
		answer := inlaytest.Host{Body: text}.Run(upper)
		if !bytes.Equal(answer.Body, plainly(text)) || answer.Copied != 0 {
			t.Fatalf("%q: %q", text, answer.Body)
		}
	}
}

func TestTheOutputMayBecomeAnObject(t *testing.T) {
	answer := inlaytest.Host{Body: []byte("abc"), Query: "into=b/k"}.Run(upper)
	if string(answer.Object("b/k").Content) != "ABC" || string(answer.Body) != "{\"object\":\"b/k\",\"bytes\":3}\n" {
		t.Error(answer)
	}
	answer = inlaytest.Host{Body: []byte("abc"), Query: "into=bad"}.Run(upper)
	if answer.Status != 400 || string(answer.Body) != "into=bad: this name is not allowed\n" {
		t.Error(answer)
	}
}

func TestAStreamIsAnsweredPartByPart(t *testing.T) {
	answer := inlaytest.Host{Query: "stream=1", Pieces: [][]byte{[]byte("ab"), []byte("cd")}}.Run(upper)
	if string(answer.Body) != "ABCD" || answer.PartsSent != 2 {
		t.Error(answer)
	}
}
