package main

import (
	"strings"
	"testing"

	"inlay/inlaytest"
)

func TestItAnswersWithTheInputAndItsType(t *testing.T) {
	host := inlaytest.Host{Body: []byte("as it is"), Headers: map[string]string{"content-type": "text/x-own"}}
	answer := host.Run(echo)
	if string(answer.Body) != "as it is" || answer.Field("Content-Type") != "text/x-own" || answer.Copied != 0 {
		t.Error(answer)
	}
}

func TestAnAbsentObjectIsA404ThatNamesIt(t *testing.T) {
	answer := inlaytest.Host{Query: "object=b/absent"}.Run(echo)
	if answer.Status != 404 || string(answer.Body) != "object=b/absent: there is no such object\n" {
		t.Error(answer)
	}
}

func TestATypeThatIsTooLongIsRefused(t *testing.T) {
	answer := inlaytest.Host{Headers: map[string]string{"Content-Type": strings.Repeat("x", 1024)}}.Run(echo)
	if answer.Status != 400 || string(answer.Body) != "Content-Type: this is too long\n" {
		t.Error(answer)
	}
}
