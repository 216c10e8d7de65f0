// Answers with its input and the request's Content-Type; the bytes leave from the pages they lie in.
package main

import "inlay"

func init() { inlay.Handle(echo) }

func main() {}

const contentTypeBytesMax = 1023

func echo(request *inlay.Request) error {
	input, err := request.Input()
	if err != nil {
		return err
	}
	view, err := input.MapAll()
	if err != nil {
		return err
	}
	contentType := request.HeaderOr("Content-Type", "")
	if len(contentType) > contentTypeBytesMax {
		return inlay.Fail(400, "Content-Type: this is too long")
	}
	return request.Response().ContentType(contentType).Bytes(view.Bytes())
}
