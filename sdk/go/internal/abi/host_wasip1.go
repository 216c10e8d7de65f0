package abi

import (
	"unsafe"

	brk "inlay/internal/needs-ldflags-checklinkname-0"
)

// bytes gives a window's bytes, in place. Its memory is not Go's, and the collector leaves it alone.
func (s *span) bytes() []byte {
	if s.length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(nil, s.address)), int(s.length))
}

func address(bytes []byte) uint32 {
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes))))
}

// spans names the ranges for the host. Few lie on the stack. REQUIRES: the ranges live until the host has read them.
func spans(ranges [][]byte, few *[8]span) (*span, uint32) {
	all := few[:0]
	for _, bytes := range ranges {
		one := span{length: uint32(len(bytes))}
		if len(bytes) != 0 {
			one.address = address(bytes)
		}
		all = append(all, one)
	}
	return unsafe.SliceData(all), uint32(len(all))
}

func Request(part uint32, name string, buffer []byte) int32 {
	return hostRequest(part, name, unsafe.Pointer(unsafe.SliceData(buffer)), uint32(len(buffer)))
}

func Body(out *Source) int32                    { return hostBody(out) }
func CallInput(index uint32, out *Source) int32 { return hostCallInput(index, out) }
func Open(name string, out *Source) int32       { return hostOpen(name, out) }
func FdSource(fd uint32, out *Source) int32     { return hostFdSource(fd, out) }

// Of each call that makes windows: nothing that might allocate may come between the host's growing memory and Settle.

func Map(source uint32, offset, length uint64, flags uint32) ([]byte, int32) {
	var out span
	before := brk.Pages()
	code := hostMap(source, offset, length, flags, &out)
	brk.Settle(before)
	return out.bytes(), code
}

func Move(window []byte, offset, length uint64) ([]byte, int32) {
	var out span
	before := brk.Pages()
	code := hostMove(address(window), offset, length, &out)
	brk.Settle(before)
	return out.bytes(), code
}

func Output(length uint64) ([]byte, int32) {
	var out span
	before := brk.Pages()
	code := hostOutput(length, &out)
	brk.Settle(before)
	return out.bytes(), code
}

func Receive() ([]byte, int32) {
	var out span
	before := brk.Pages()
	code := hostReceive(&out)
	brk.Settle(before)
	return out.bytes(), code
}

func Prefetch(source uint32, offset, length uint64) int32 {
	return hostPrefetch(source, offset, length)
}
func Unmap(window []byte) int32       { return hostUnmap(address(window)) }
func Close(source uint32) int32       { return hostClose(source) }
func Status(status uint32) int32      { return hostStatus(status) }
func Header(name, value string) int32 { return hostHeader(name, value) }

func Respond(ranges [][]byte) int32 {
	var few [8]span
	return hostRespond(spans(ranges, &few))
}

func Send(ranges [][]byte) int32 {
	var few [8]span
	return hostSend(spans(ranges, &few))
}

func Publish(name, contentType string, ranges [][]byte) int32 {
	var few [8]span
	all, count := spans(ranges, &few)
	return hostPublish(name, contentType, all, count)
}

func Call(name, query string, inputs [][]byte, out *Result) int32 {
	var few [8]span
	all, count := spans(inputs, &few)
	return hostCall(name, query, all, count, out)
}

func Spawn(name, query string, inputs [][]byte) int32 {
	var few [8]span
	all, count := spans(inputs, &few)
	return hostSpawn(name, query, all, count)
}

func Wait(child uint32, out *Result) int32 { return hostWait(child, out) }

func WaitAny(children []uint32, out *Result) int32 {
	return hostWaitAny(unsafe.Pointer(unsafe.SliceData(children)), uint32(len(children)), out)
}

func Log(level uint32, text string) int32 { return hostLog(level, text) }

func Clock(clock uint32, nanoseconds *uint64) int32 { return hostClock(clock, nanoseconds) }

func Random(buffer []byte) int32 {
	return hostRandom(unsafe.Pointer(unsafe.SliceData(buffer)), uint32(len(buffer)))
}

func Cost(out *CostCounts) int32 { return hostCost(out) }
