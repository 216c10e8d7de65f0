package abi

import (
	"structs"
	"unsafe"
)

// span is inlay_range.
type span struct {
	_       structs.HostLayout
	address uint32
	length  uint32
}

// A string stands for a pointer and a length.

//go:wasmimport inlay request
//go:noescape
func hostRequest(part uint32, name string, buffer unsafe.Pointer, capacity uint32) int32

//go:wasmimport inlay body
//go:noescape
func hostBody(out *Source) int32

//go:wasmimport inlay call_input
//go:noescape
func hostCallInput(index uint32, out *Source) int32

//go:wasmimport inlay open
//go:noescape
func hostOpen(name string, out *Source) int32

//go:wasmimport inlay fd_source
//go:noescape
func hostFdSource(fd uint32, out *Source) int32

//go:wasmimport inlay map
//go:noescape
func hostMap(source uint32, offset, length uint64, flags uint32, out *span) int32

//go:wasmimport inlay move
//go:noescape
func hostMove(address uint32, offset, length uint64, out *span) int32

//go:wasmimport inlay prefetch
func hostPrefetch(source uint32, offset, length uint64) int32

//go:wasmimport inlay output
//go:noescape
func hostOutput(length uint64, out *span) int32

//go:wasmimport inlay unmap
func hostUnmap(address uint32) int32

//go:wasmimport inlay close
func hostClose(source uint32) int32

//go:wasmimport inlay receive
//go:noescape
func hostReceive(out *span) int32

//go:wasmimport inlay status
func hostStatus(status uint32) int32

//go:wasmimport inlay header
//go:noescape
func hostHeader(name, value string) int32

//go:wasmimport inlay respond
//go:noescape
func hostRespond(ranges *span, count uint32) int32

//go:wasmimport inlay send
//go:noescape
func hostSend(ranges *span, count uint32) int32

//go:wasmimport inlay publish
//go:noescape
func hostPublish(name, contentType string, ranges *span, count uint32) int32

//go:wasmimport inlay call
//go:noescape
func hostCall(name, query string, inputs *span, count uint32, out *Result) int32

//go:wasmimport inlay spawn
//go:noescape
func hostSpawn(name, query string, inputs *span, count uint32) int32

//go:wasmimport inlay wait
//go:noescape
func hostWait(child uint32, out *Result) int32

//go:wasmimport inlay wait_any
//go:noescape
func hostWaitAny(children unsafe.Pointer, count uint32, out *Result) int32

//go:wasmimport inlay log
//go:noescape
func hostLog(level uint32, text string) int32

//go:wasmimport inlay clock
//go:noescape
func hostClock(clock uint32, nanoseconds *uint64) int32

//go:wasmimport inlay random
//go:noescape
func hostRandom(buffer unsafe.Pointer, length uint32) int32

//go:wasmimport inlay cost
//go:noescape
func hostCost(out *CostCounts) int32
