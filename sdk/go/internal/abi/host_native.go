//go:build !wasip1

package abi

func running() Host {
	if Running == nil {
		panic("inlay: no invocation runs: natively functions run by inlaytest")
	}
	return Running
}

func Request(part uint32, name string, buffer []byte) int32 {
	return running().Request(part, name, buffer)
}
func Body(out *Source) int32                    { return running().Body(out) }
func CallInput(index uint32, out *Source) int32 { return running().CallInput(index, out) }
func Open(name string, out *Source) int32       { return running().Open(name, out) }

func FdSource(fd uint32, out *Source) int32 { return running().FdSource(fd, out) }

func Map(source uint32, offset, length uint64, flags uint32) ([]byte, int32) {
	return running().Map(source, offset, length, flags)
}

func Move(window []byte, offset, length uint64) ([]byte, int32) {
	return running().Move(window, offset, length)
}

func Prefetch(source uint32, offset, length uint64) int32 {
	return running().Prefetch(source, offset, length)
}

func Output(length uint64) ([]byte, int32) { return running().Output(length) }
func Unmap(window []byte) int32            { return running().Unmap(window) }
func Close(source uint32) int32            { return running().Close(source) }
func Receive() ([]byte, int32)             { return running().Receive() }
func Status(status uint32) int32           { return running().Status(status) }
func Header(name, value string) int32      { return running().Header(name, value) }
func Respond(ranges [][]byte) int32        { return running().Respond(ranges) }
func Send(ranges [][]byte) int32           { return running().Send(ranges) }

func Publish(name, contentType string, ranges [][]byte) int32 {
	return running().Publish(name, contentType, ranges)
}

func Call(name, query string, ranges [][]byte, out *Result) int32 {
	return running().Call(name, query, ranges, out)
}

func Spawn(name, query string, ranges [][]byte) int32 { return running().Spawn(name, query, ranges) }
func Wait(child uint32, out *Result) int32            { return running().Wait(child, out) }
func WaitAny(children []uint32, out *Result) int32    { return running().WaitAny(children, out) }
func Log(level uint32, text string) int32             { return running().Log(level, text) }
func Clock(clock uint32, nanoseconds *uint64) int32   { return running().Clock(clock, nanoseconds) }
func Random(buffer []byte) int32                      { return running().Random(buffer) }
func Cost(out *CostCounts) int32                      { return running().Cost(out) }
