// Package inlay is for functions of Inlay in Go: stored objects, request bodies and outputs are pages mapped into the
// function's memory, and here they are byte slices.
//
//	package main
//
//	import "inlay"
//
//	func init() { inlay.Handle(echo) }
//
//	func main() {}
//
//	func echo(request *inlay.Request) error {
//		input, err := request.Input() // ?object=BUCKET/KEY, or else the body
//		if err != nil {
//			return err
//		}
//		view, err := input.Map(0, inlay.Rest)
//		if err != nil {
//			return err
//		}
//		return request.Response().ContentType("text/plain").Bytes(view.Bytes()) // leaves from the pages it lies in
//	}
//
// It is built by
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -ldflags="-s -w -checklinkname=0" -o echo.wasm .
//
// Without -checklinkname=0 it does not link: see README.md, "Memory".
//
// Each request gets a fresh instance, which runs init functions and then the function once. main does not run.
//
// Views are valid until they are moved or unmapped; receiving a piece ends the piece before. Nothing outlives the
// invocation, because the instance does not: what is kept in variables is gone with it. Reading a slice that was unmapped is
// a trap, and so is writing into one that was not mapped [MapPrivate].
//
// Natively the same functions run over [inlay/inlaytest], so that go test needs no server.
package inlay
