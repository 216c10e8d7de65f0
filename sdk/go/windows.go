package inlay

import (
	"bytes"
	"iter"

	"inlay/internal/abi"
)

// Windows begin at the piece's begin and whole multiples of 2 MiB behind it, so that moving one costs a single step of the
// host, and huge pages serve it. What begins between (a line, a record that the border cut) is seen again from there, with
// up to 2 MiB before it.
const (
	WindowBytes     = 64 << 20
	WindowStepBytes = 2 << 20
	// UnitBytesMax is what a window holds of a line or record wherever in it that begins.
	UnitBytesMax = WindowBytes - WindowStepBytes
)

// Tests cross many borders with little data.
var windowBytes, windowStepBytes int64 = WindowBytes, WindowStepBytes

// windows moves one view over a piece of a source. Between moves it reads in what follows.
type windows struct {
	source     Source
	begin, end int64 // the piece of the source
	at         int64 // where the next view begins
	unit       int64 // bytes that are not cut: all views but the last are multiples of it
	view       *View
}

func (s Source) windows(unit int, offset, length int64) (*windows, error) {
	offset, length, err := s.piece(offset, length)
	if err != nil {
		return nil, err
	}
	if unit < 1 || int64(unit) > windowBytes-windowStepBytes {
		return nil, ErrArgument
	}
	return &windows{source: s, begin: offset, end: offset + length, at: offset, unit: int64(unit)}, nil
}

func (w *windows) close() {
	if w.view != nil {
		w.view.Unmap()
		w.view = nil
	}
}

// next gives the next view, or none at the end.
func (w *windows) next() ([]byte, error) {
	if w.at == w.end {
		return nil, nil
	}
	ahead := (w.at - w.begin) % windowStepBytes
	start := w.at - ahead
	left := w.end - start
	length := min(left, windowBytes)
	if err := w.show(start, length); err != nil {
		return nil, err
	}
	if left > length {
		// A hint: an error has no meaning.
		abi.Prefetch(w.source.raw.ID, uint64(start+length), uint64(min(left-length, windowBytes)))
		length -= (length - ahead) % w.unit
	}
	w.at = start + length
	return w.view.bytes[ahead:length:length], nil
}

func (w *windows) show(offset, length int64) error {
	if w.view != nil {
		return w.view.Move(offset, length)
	}
	view, err := w.source.Map(offset, length)
	w.view = view
	return err
}

// Windows shows a piece of any size view by view, in constant address space: all views but the last are multiples of `unit`
// bytes, which may be 1. A view is valid until the next. An error is the last that comes: ErrRange, ErrArgument (unit is 0 or
// more than UnitBytesMax), ErrNoRoom, ErrLimit, ErrIO.
//
//	for view, err := range source.Windows(8, 0, inlay.Rest) {
//		if err != nil {
//			return err
//		}
//		...
//	}
func (s Source) Windows(unit int, offset, length int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		all, err := s.windows(unit, offset, length)
		if err != nil {
			yield(nil, err)
			return
		}
		all.views(yield)
	}
}

func (w *windows) views(yield func([]byte, error) bool) {
	defer w.close()
	for {
		view, err := w.next()
		if err != nil {
			yield(nil, err)
			return
		}
		if view == nil || !yield(view, nil) {
			return
		}
	}
}

// Records shows a piece of any size record by record, each of `size` bytes, as it lies in the source. A part of one at the
// end is left out. Validity and errors: as Windows.
func (s Source) Records(size int, offset, length int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for view, err := range s.Windows(size, offset, length) {
			if err != nil {
				yield(nil, err)
				return
			}
			for ; len(view) >= size; view = view[size:] {
				if !yield(view[:size:size], nil) {
					return
				}
			}
		}
	}
}

// Lines shows a piece of any size line by line, without their newlines. A last line without one counts, an empty one does
// not. Validity and errors: as Windows; ErrLimit also: a line is longer than UnitBytesMax (use Windows for such text).
func (s Source) Lines(offset, length int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		all, err := s.windows(1, offset, length)
		if err != nil {
			yield(nil, err)
			return
		}
		all.lines(yield)
	}
}

func (w *windows) lines(yield func([]byte, error) bool) {
	defer w.close()
	for {
		view, err := w.next()
		if err != nil {
			yield(nil, err)
			return
		}
		if len(view) == 0 {
			return
		}
		first := true
		for len(view) > 0 {
			length := bytes.IndexByte(view, '\n')
			if length < 0 && w.at < w.end {
				// The window's border cuts this line: it is seen whole from its beginning.
				w.at -= int64(len(view))
				if first {
					yield(nil, ErrLimit)
					return
				}
				break
			}
			if length < 0 {
				length = len(view)
			}
			if !yield(view[:length:length], nil) {
				return
			}
			view = view[min(length+1, len(view)):]
			first = false
		}
	}
}
