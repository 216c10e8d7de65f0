package main

import (
	"encoding/binary"
	"testing"

	"inlay/inlaytest"
)

func TestWordsAreSummedAndAPartOfOneIsNot(t *testing.T) {
	var words []byte
	for word := range uint64(1000) {
		words = binary.LittleEndian.AppendUint64(words, word)
	}
	words = append(words, 9, 9, 9, 9, 9, 9, 9)
	for query, expected := range map[string]string{
		"":                            "499500\n",
		"offset=16&length=24":         "9\n",
		"offset=8007":                 "0\n",
		"offset=8008":                 "offset=8008: this lies outside of the data\n",
		"offset=16&length=7992":       "length=7992: this lies outside of the data\n",
		"length=-1":                   "length=-1: this value is not allowed\n",
		"length=18446744073709551615": "length=18446744073709551615: this lies outside of the data\n",
	} {
		if answer := (inlaytest.Host{Body: words, Query: query}).Run(sum); string(answer.Body) != expected {
			t.Errorf("%s: %s", query, answer.Body)
		}
	}
}
