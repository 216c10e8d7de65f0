// Counts lines and bytes of its input: the object that ?object=BUCKET/KEY names, or else the request's body.
package main

import (
	"bytes"
	"fmt"

	"inlay"
)

func init() { inlay.Handle(count) }

// main does not run: an instance runs init functions, and then what was handed to Handle.
func main() {}

func count(request *inlay.Request) error {
	source, err := request.Input()
	if err != nil {
		return err
	}
	lines := 0
	// Nothing is read or copied: view is a slice over the pages that hold the bytes.
	for view, err := range source.Windows(1, 0, inlay.Rest) {
		if err != nil {
			return err
		}
		lines += bytes.Count(view, []byte("\n"))
	}
	return request.Response().ContentType("application/json").Text(fmt.Sprintf(`{"lines":%d,"bytes":%d}`, lines, source.Size()))
}
