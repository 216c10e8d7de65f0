package main

import (
	"testing"

	"inlay/inlaytest"
)

func TestNewlinesAreCounted(t *testing.T) {
	answer := inlaytest.Host{Body: []byte("one\ntwo\nthree")}.Run(count)
	if string(answer.Body) != `{"lines":2,"bytes":13}` {
		t.Errorf("%s", answer.Body)
	}
}

func TestAnObjectThatIsNotThereIsNamed(t *testing.T) {
	answer := inlaytest.Host{Query: "object=texts/absent"}.Run(count)
	if answer.Status != 404 || string(answer.Body) != "object=texts/absent: there is no such object\n" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}
