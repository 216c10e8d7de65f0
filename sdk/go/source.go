package inlay

import (
	"math"

	"inlay/internal/abi"
)

// Rest as a length: up to the end.
const Rest = -1

// Source is something with bytes: the body, one version of an object, a piece of a call's result. It is a name of the
// host's and a value, which need not be closed, unless an invocation opens more than 1,024.
type Source struct {
	raw abi.Source
}

// Size in bytes.
func (s Source) Size() int64 { return int64(s.raw.Size) }

// piece checks offset and length, which may be Rest. Errors: ErrRange.
func (s Source) piece(offset, length int64) (int64, int64, error) {
	if offset < 0 || offset > s.Size() {
		return 0, 0, ErrRange
	}
	if length == Rest {
		length = s.Size() - offset
	}
	if length < 0 || length > s.Size()-offset {
		return 0, 0, ErrRange
	}
	return offset, length, nil
}

// MapFlags say how a piece is mapped. They may be joined by |.
type MapFlags uint32

const (
	// MapRandom: access will jump about; only the pages that are touched are brought in.
	MapRandom MapFlags = abi.MapRandom
	// MapPrivate: the view may be written. What is written is the function's own, and the whole length counts as its memory.
	MapPrivate MapFlags = abi.MapPrivate
)

// Map shows a piece where it lies, uncopied (below 16 KiB: copied, counted). Errors: ErrRange, ErrNoRoom, ErrLimit, ErrIO,
// ErrAbsent (the source was closed).
func (s Source) Map(offset, length int64, flags ...MapFlags) (*View, error) {
	offset, length, err := s.piece(offset, length)
	if err != nil {
		return nil, err
	}
	var all MapFlags
	for _, flag := range flags {
		all |= flag
	}
	bytes, code := abi.Map(s.raw.ID, uint64(offset), uint64(length), uint32(all))
	if code < 0 {
		return nil, Error(code)
	}
	return &View{bytes}, nil
}

// MapAll is Map(0, Rest).
func (s Source) MapAll() (*View, error) { return s.Map(0, Rest) }

// Prefetch asks for a piece to be read in from disk, at most 64 MiB of it, and does not wait. Errors: ErrRange, ErrAbsent.
func (s Source) Prefetch(offset, length int64) error {
	offset, length, err := s.piece(offset, length)
	if err != nil {
		return err
	}
	return check(abi.Prefetch(s.raw.ID, uint64(offset), uint64(length)))
}

// Close lets the source go. Views of it stay, but cannot be moved. Errors: ErrAbsent.
func (s Source) Close() error { return check(abi.Close(s.raw.ID)) }

// View is a piece of a source that lies in memory.
type View struct {
	bytes []byte
}

// Bytes are the source's own bytes, in place. They are read-only, unless the view was mapped MapPrivate: writing them is a trap.
// Valid until: Move, Unmap. 64 bytes past their end can be read by unsafe code; what they hold is not said.
func (v *View) Bytes() []byte { return v.bytes[:len(v.bytes):len(v.bytes)] }

// Len in bytes.
func (v *View) Len() int { return len(v.bytes) }

// Move lets the view show another piece of its source, mapped as it was: in the same place, and for less than a new view
// costs, when the length is the same, at least 16 KiB, and the offset has moved by a multiple of 2 MiB. Ask for Bytes again.
// After ErrNoRoom, ErrLimit and ErrIO it is empty; after other errors it is as it was. Errors: ErrAbsent (it is empty, or
// its source is closed), ErrRange, ErrNoRoom, ErrLimit, ErrIO.
func (v *View) Move(offset, length int64) error {
	if offset < 0 || length < 0 || offset > math.MaxInt64-length {
		return ErrRange
	}
	bytes, code := abi.Move(v.bytes, uint64(offset), uint64(length))
	switch err := check(code); err {
	case nil:
		v.bytes = bytes
		return nil
	case ErrNoRoom, ErrLimit, ErrIO:
		v.bytes = nil
		return err
	default:
		return err
	}
}

// Unmap takes the view away; what was responded or published from it is not lost. Views that are left are unmapped at the
// end of the invocation, so this is for those who need the address space. Errors: ErrAbsent, ErrIO.
func (v *View) Unmap() error {
	if len(v.bytes) == 0 {
		return nil
	}
	bytes := v.bytes
	v.bytes = nil
	return check(abi.Unmap(bytes))
}

// Output is a writable window: written once, then responded or published by reference.
type Output struct {
	bytes []byte
}

// Bytes are the window's, to be written. They may be written until the function returns, unless they were published or
// handed to another function: then a store ends the invocation.
func (o *Output) Bytes() []byte { return o.bytes[:len(o.bytes):len(o.bytes)] }

// Len in bytes.
func (o *Output) Len() int { return len(o.bytes) }

// Unmap takes the output away; what was responded or published from it is not lost. Errors: ErrAbsent, ErrIO.
func (o *Output) Unmap() error {
	view := View(*o)
	o.bytes = nil
	return view.Unmap()
}
