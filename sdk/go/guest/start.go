package main

import (
	crypto "crypto/rand"
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"strings"

	"inlay"
)

// made is what the start of the program has drawn and read, once where it is warm.
var made = fmt.Sprintf("%d %q", rand.Uint64(), os.Getenv("OWN"))

func hexed(draw func([]byte) error) string {
	var buffer [16]byte
	if err := draw(buffer[:]); err != nil {
		return err.Error()
	}
	return hex.EncodeToString(buffer[:])
}

// start tells what was made at the start, then what is drawn, read and asked for now: a line each.
func start(request *inlay.Request) error {
	own, err := request.Env("OWN")
	return request.Response().Text(strings.Join([]string{
		made,
		hexed(inlay.Random),
		hexed(func(buffer []byte) error { _, err := crypto.Read(buffer); return err }),
		fmt.Sprint(inlay.Clock().UnixNano()),
		fmt.Sprintf("%q", os.Getenv("OWN")),
		fmt.Sprintf("%q %t", own, err == nil),
	}, "\n"))
}
