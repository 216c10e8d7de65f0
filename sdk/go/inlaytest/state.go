package inlaytest

import (
	"net/url"
	"strings"
	"unsafe"

	"inlay"
	"inlay/internal/abi"
)

// window is memory that the function sees. It stays until the invocation ends, also after unmap.
type window struct {
	bytes    []byte
	source   int // -1: an output, or a piece that was received
	flags    uint32
	isMapped bool
}

// piece of content: in a window, as it is at the end, or bytes that were copied.
type piece struct {
	bytes    []byte
	isWindow bool
}

type staged struct {
	name, contentType string
	pieces            []piece
}

// state is one invocation over a Host: its sources, its windows, and what it has staged.
type state struct {
	host         Host
	parameters   []Field
	sources      [][]byte
	isClosed     []bool
	windows      []*window
	status       int
	fields       []Field
	content      []piece
	hasResponded bool
	partsSent    int
	received     int
	piece        *window // that was received last
	published    []staged
	called       []Object // by functions that were called
	children     []*abi.Result
	logs         []Line
	copied       uint64
	mapped       uint64
	clockNs      uint64
	dice         uint64
}

func newState(host Host) *state {
	s := &state{host: host, status: 200, dice: 1, parameters: parameters(host.Query)}
	if host.Inputs == nil {
		s.host.Inputs = [][]byte{host.Body}
	}
	for _, input := range s.host.Inputs {
		s.addSource(input)
	}
	return s
}

// parameters decodes a query in its order.
func parameters(query string) []Field {
	var all []Field
	for _, pair := range strings.Split(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		all = append(all, Field{decoded(name), decoded(value)})
	}
	return all
}

// decoded leaves what is no percent-encoding as it is.
func decoded(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func (s *state) addSource(bytes []byte) abi.Source {
	s.sources = append(s.sources, bytes)
	s.isClosed = append(s.isClosed, false)
	return abi.Source{ID: uint32(len(s.sources) - 1), Size: uint64(len(bytes))}
}

const pastWindowBytes = 64

func (s *state) addWindow(content []byte, length int, source int, flags uint32) []byte {
	if length == 0 {
		return nil
	}
	bytes := make([]byte, length+pastWindowBytes)[:length]
	copy(bytes, content)
	s.windows = append(s.windows, &window{bytes, source, flags, true})
	s.mapped += uint64(length)
	return bytes
}

func (s *state) find(bytes []byte) *window {
	for _, one := range s.windows {
		if one.isMapped && len(bytes) > 0 && unsafe.SliceData(one.bytes) == unsafe.SliceData(bytes) {
			return one
		}
	}
	return nil
}

// take tells where a range lies, and copies, counted, what lies in no window.
func (s *state) take(bytes []byte) piece {
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))
	for _, one := range s.windows {
		first := uintptr(unsafe.Pointer(unsafe.SliceData(one.bytes)))
		isIn := one.isMapped && first <= begin && begin+uintptr(len(bytes)) <= first+uintptr(len(one.bytes))
		if isIn && one.flags&abi.MapPrivate == 0 {
			return piece{bytes, true}
		}
	}
	s.copied += uint64(len(bytes))
	return piece{append([]byte(nil), bytes...), false}
}

func (s *state) takeAll(ranges [][]byte) []piece {
	var all []piece
	for _, bytes := range ranges {
		if len(bytes) > 0 {
			all = append(all, s.take(bytes))
		}
	}
	return all
}

// joined is what the pieces hold now.
func joined(pieces []piece) []byte {
	var all []byte
	for _, one := range pieces {
		all = append(all, one.bytes...)
	}
	return all
}

func (s *state) windowsMapped() int {
	count := 0
	for _, one := range s.windows {
		if one.isMapped {
			count++
		}
	}
	return count
}

func (s *state) outcome(code int) Outcome {
	outcome := Outcome{
		Code: code, Status: s.status, Fields: s.fields, Body: joined(s.content), PartsSent: s.partsSent,
		Logs: s.logs, Copied: s.copied, Windows: s.windowsMapped(),
	}
	if code == 0 {
		outcome.Published = s.called
		for _, one := range s.published {
			outcome.Published = append(outcome.Published, Object{one.name, one.contentType, joined(one.pieces)})
		}
	}
	return outcome
}

func (s *state) Log(level uint32, text string) int32 {
	if level > abi.LogError {
		return abi.EArgument
	}
	s.logs = append(s.logs, Line{inlay.Level(level), text})
	return 0
}

// Clock: the monotonic one moves by a millisecond whenever it is looked at.
func (s *state) Clock(clock uint32, nanoseconds *uint64) int32 {
	switch clock {
	case abi.ClockWall:
		*nanoseconds = 1_700_000_000_000_000_000
		if !s.host.Clock.IsZero() {
			*nanoseconds = uint64(s.host.Clock.UnixNano())
		}
	case abi.ClockMonotonic:
		s.clockNs += 1_000_000
		*nanoseconds = s.clockNs
	default:
		return abi.EArgument
	}
	return 0
}

// Random gives the same bytes in each run of a test.
func (s *state) Random(buffer []byte) int32 {
	if len(buffer) > 64<<10 {
		return abi.ELimit
	}
	for i := range buffer {
		s.dice = s.dice*6364136223846793005 + 1442695040888963407
		buffer[i] = byte(s.dice >> 56)
	}
	return 0
}

func (s *state) Cost(out *abi.CostCounts) int32 {
	*out = abi.CostCounts{Mapped: s.mapped, Copied: s.copied, Windows: uint64(s.windowsMapped())}
	return 0
}
