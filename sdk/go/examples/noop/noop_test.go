package main

import (
	"testing"

	"inlay/inlaytest"
)

func TestItAnswersOk(t *testing.T) {
	if answer := (inlaytest.Host{}).Run(noop); answer.Status != 200 || string(answer.Body) != "ok\n" {
		t.Error(answer)
	}
}
