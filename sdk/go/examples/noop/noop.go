// Answers "ok": what a call costs when the function does nothing.
package main

import "inlay"

func init() { inlay.Handle(noop) }

func main() {}

func noop(request *inlay.Request) error {
	return request.Response().ContentType("text/plain").Text("ok\n")
}
