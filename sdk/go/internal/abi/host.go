package abi

// Host stands for the host where there is none: natively. inlaytest has one.
type Host interface {
	Request(part uint32, name string, buffer []byte) int32
	Body(out *Source) int32
	CallInput(index uint32, out *Source) int32
	Open(name string, out *Source) int32
	FdSource(fd uint32, out *Source) int32
	Map(source uint32, offset, length uint64, flags uint32) ([]byte, int32)
	Move(window []byte, offset, length uint64) ([]byte, int32)
	Prefetch(source uint32, offset, length uint64) int32
	Output(length uint64) ([]byte, int32)
	Unmap(window []byte) int32
	Close(source uint32) int32
	Receive() ([]byte, int32)
	Status(status uint32) int32
	Header(name, value string) int32
	Respond(ranges [][]byte) int32
	Send(ranges [][]byte) int32
	Publish(name, contentType string, ranges [][]byte) int32
	Call(name, query string, ranges [][]byte, out *Result) int32
	Spawn(name, query string, ranges [][]byte) int32
	Wait(child uint32, out *Result) int32
	WaitAny(children []uint32, out *Result) int32
	Log(level uint32, text string) int32
	Clock(clock uint32, nanoseconds *uint64) int32
	Random(buffer []byte) int32
	Cost(out *CostCounts) int32
}

// Running is the host of the invocation that runs. One runs at a time; what it calls runs within it.
var Running Host
