package main

import (
	"math"
	"net/url"
	"os"
	"strings"
	"testing"

	"inlay/inlaytest"
)

// What Python sums of the columns of testdata/plain.arrow, floats in eight lanes.
var expected = []struct{ column, sum string }{
	{"int8", "-957"},
	{"null int8", "50"},
	{"int16", "-209285"},
	{"null int16", "-171650"},
	{"int32", "16054036449"},
	{"null int32", "7930659686"},
	{"int64", "4066894645587099284"},
	{"null int64", "5799505724796311986"},
	{"uint8", "5626"},
	{"null uint8", "3713"},
	{"uint16", "2018484"},
	{"null uint16", "951125"},
	{"uint32", "116979164904"},
	{"null uint32", "72113449637"},
	{"uint64", "6274377267652694103"},
	{"null uint64", "7326335735784646810"},
	{"float32", "-5402.9172668457031"},
	{"null float32", "1360.9979553222656"},
	{"float64", "-3391.8405010628139"},
	{"null float64", "-2761.0002034578301"},
	{"last", "846"},
}

func told(t *testing.T, file, column string) inlaytest.Outcome {
	t.Helper()
	content, err := os.ReadFile("../../arrowfile/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	query := "object=b/k&column=" + url.QueryEscape(column)
	return inlaytest.Host{Query: query, Objects: map[string][]byte{"b/k": content}}.Run(colsum)
}

func TestColumnsAreSummed(t *testing.T) {
	for _, one := range expected {
		if answer := told(t, "plain.arrow", one.column); answer.Status != 200 || string(answer.Body) != one.sum+"\n" {
			t.Errorf("%s: %d %s, expected %s", one.column, answer.Status, answer.Body, one.sum)
		}
	}
	if answer := told(t, "legacy.arrow", "a"); string(answer.Body) != "-2\n" {
		t.Errorf("%s", answer.Body)
	}
}

func TestErrorsNameTheThing(t *testing.T) {
	for _, one := range []struct{ file, column, line string }{
		{"plain.arrow", "absent", "column=absent: the file has no such column"},
		{"plain.arrow", "text", "column=text: this is no plain column of whole numbers or floats of 8 to 64 bits"},
		{"compressed.arrow", "a", "the file: its columns are compressed: write it without compression"},
	} {
		answer := told(t, one.file, one.column)
		if answer.Code != 0 || answer.Status != 422 || string(answer.Body) != one.line+"\n" {
			t.Errorf("%d %s, expected %s", answer.Status, answer.Body, one.line)
		}
	}
	if answer := (inlaytest.Host{Query: "column=a", Body: []byte("no")}).Run(colsum); answer.Status != 422 {
		t.Error(answer)
	}
	for _, query := range []string{"", "column=" + strings.Repeat("x", 1025)} {
		if answer := (inlaytest.Host{Query: query}).Run(colsum); answer.Status != 400 {
			t.Error(answer)
		}
	}
}

func TestFloatsAreWrittenAsPrintfDoes(t *testing.T) {
	for text, number := range map[string]float64{
		"0.10000000000000001": 0.1, "1e+17": 1e17, "10000000000000000": 1e16, "100000": 1e5, "1.0000000000000001e-05": 1e-5,
		"0.0001": 1e-4, "0": 0, "12": 12, "nan": math.NaN(), "inf": math.Inf(1), "-inf": math.Inf(-1),
		"4.9406564584124654e-324": 5e-324, "1.7976931348623157e+308": math.MaxFloat64, "1.2345678901234568e+17": 123456789012345678,
		"-2.5": -2.5,
	} {
		if written := string(appendFloat(nil, number)); written != text {
			t.Error(written, text)
		}
	}
}
