package main

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"inlay/inlaytest"
)

func found(word, text string) inlaytest.Outcome {
	return inlaytest.Host{Query: "word=" + url.QueryEscape(word), Body: []byte(text)}.Run(grep)
}

func TestLinesWithTheWordAreGivenWhole(t *testing.T) {
	for _, one := range [][3]string{
		{"b", "a\nbb\nxbx\nc\nb", "bb\nxbx\nb\n"},
		{"ab", "aab\nba\n", "aab\n"},
		{"", "a\nb", "a\nb\n"},
		{"z", "a\nb", ""},
		{"b", "", ""},
		{"", "", ""},
	} {
		if answer := found(one[0], one[1]); string(answer.Body) != one[2] {
			t.Errorf("%q: %q", one, answer.Body)
		}
	}
}

func TestFewRunsAreNotCopiedAndThousandsAreGathered(t *testing.T) {
	if answer := found("yes", strings.Repeat("yes\nno\n", 1000)); answer.Copied != 0 || answer.Windows != 1 {
		t.Error(answer.Copied, answer.Windows)
	}
	answer := found("yes", strings.Repeat("yes\nno\n", 5000)+"yes")
	if !bytes.Equal(answer.Body, bytes.Repeat([]byte("yes\n"), 5001)) || answer.Copied != 0 || answer.Windows != 2 {
		t.Error(len(answer.Body), answer.Copied, answer.Windows)
	}
}

func TestAWordIsNeeded(t *testing.T) {
	for _, query := range []string{"", "word=a%0ab", "word=" + strings.Repeat("x", 1025)} {
		if answer := (inlaytest.Host{Query: query}).Run(grep); answer.Status != 400 {
			t.Error(answer)
		}
	}
}
