// Says what it was given, and changes its directory: the same as ../rust and ../libc.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(90)
	}
}

func tellDirectory() {
	entries, err := os.ReadDir("/data")
	check(err)
	for _, entry := range entries {
		if entry.IsDir() {
			fmt.Printf("directory: %s\n", entry.Name())
			continue
		}
		info, err := entry.Info()
		check(err)
		fmt.Printf("file: %s, %d bytes\n", entry.Name(), info.Size())
	}
}

func changeDirectory() {
	check(os.MkdirAll("/data/made/deeper", 0o777))
	check(os.WriteFile("/data/made/deeper/part", []byte("written"), 0o666))
	check(os.Rename("/data/made/deeper/part", "/data/made/whole"))
	content, err := os.ReadFile("/data/made/whole")
	check(err)
	fmt.Printf("made: %s\n", content)
	check(os.Remove("/data/old"))
	_, err = os.Stat("/data/old")
	fmt.Printf("old: gone %t\n", errors.Is(err, fs.ErrNotExist))
	_, err = os.ReadFile("/data/../etc/passwd")
	fmt.Printf("outside: refused %t\n", err != nil)
}

func main() {
	code := 0
	for _, argument := range os.Args[1:] {
		fmt.Printf("argument: %s\n", argument)
		if number, found := strings.CutPrefix(argument, "exit="); found {
			code, _ = strconv.Atoi(number)
		}
	}
	fmt.Printf("OWN: %s\n", os.Getenv("OWN"))
	body, err := io.ReadAll(os.Stdin)
	check(err)
	fmt.Printf("input: %d bytes\n", len(body))
	content, err := os.ReadFile("/data/one")
	check(err)
	fmt.Printf("one: %s\n", content)
	tellDirectory()
	changeDirectory()
	fmt.Fprintln(os.Stderr, "to the log")
	os.Exit(code)
}
