package inlay

import "inlay/internal/abi"

// Ending is how a function ended.
type Ending uint32

const (
	Completed Ending = abi.EndingCompleted
	Failed    Ending = abi.EndingFailed // it returned an error that its client is not told of
	Trapped   Ending = abi.EndingTrapped
	TimedOut  Ending = abi.EndingTimedOut
	Refused   Ending = abi.EndingRefused // it did not run: a limit of its own, or the host's state
)

// Called is what a call has come to.
type Called struct {
	raw abi.Result
}

func (c Called) Ending() Ending { return Ending(c.raw.Ending) }

// Err is nil if the function has completed, else ErrCallee.
func (c Called) Err() error {
	if c.Ending() != Completed {
		return ErrCallee
	}
	return nil
}

// Status of the response, where it has completed.
func (c Called) Status() int { return int(c.raw.Status) }

// Code that it has failed with.
func (c Called) Code() int { return int(c.raw.Code) }

// Size in bytes of all pieces of its response.
func (c Called) Size() int64 { return int64(c.raw.Size) }

// Count of the pieces of its response: one for each range that it responded with.
func (c Called) Count() int { return int(c.raw.Count) }

// Content is its response where that is one piece, or one of size 0 where it is empty. Where it has not completed: a text
// that says why. Errors: ErrRange (several pieces: see Piece).
func (c Called) Content() (Source, error) {
	switch c.raw.Count {
	case 0:
		return Source{abi.Source{ID: c.raw.First}}, nil
	case 1:
		return c.Piece(0, c.Size())
	}
	return Source{}, ErrRange
}

// Piece is one of several. The host tells only the size of all, so caller and callee agree on that of each: a piece that is
// shorter gives ErrRange when it is mapped. Errors: ErrAbsent.
func (c Called) Piece(index int, size int64) (Source, error) {
	if index < 0 || index >= c.Count() || size < 0 {
		return Source{}, ErrAbsent
	}
	return Source{abi.Source{ID: c.raw.First + uint32(index), Size: uint64(size)}}, nil
}

// ended gives what has come of a call, however that is: only where there is nothing, an error.
func ended(code int32, raw abi.Result) (Called, error) {
	if code < 0 && code != abi.ECallee {
		return Called{}, Error(code)
	}
	return Called{raw}, nil
}

// Call calls another function and waits until it has ended, however that is: see [Called.Err]. It sees POST /f/NAME with this
// query, which may be empty. Its inputs are the ranges, one source each: those in views and outputs are handed over where they
// lie, and an output is final from then on; others are copied, counted. Errors: ErrName, ErrAbsent (no such function),
// ErrLimit, ErrDenied, ErrIO.
func (r *Request) Call(name, query string, inputs ...[]byte) (Called, error) {
	var raw abi.Result
	code := abi.Call(name, query, inputs, &raw)
	return ended(code, raw)
}

// Child is a function that runs beside its caller. What is not waited for has no effect.
type Child struct {
	number uint32
}

// Spawn is Call without waiting. Errors: ErrName, ErrLimit, ErrDenied, ErrIO.
func (r *Request) Spawn(name, query string, inputs ...[]byte) (Child, error) {
	code := abi.Spawn(name, query, inputs)
	if code < 0 {
		return Child{}, Error(code)
	}
	return Child{uint32(code)}, nil
}

// Wait waits until it has ended, however that is; once for each. Errors: ErrArgument (it has been waited for), ErrLimit,
// ErrDenied.
func (r *Request) Wait(child Child) (Called, error) {
	var raw abi.Result
	code := abi.Wait(child.number, &raw)
	return ended(code, raw)
}

// WaitAny waits for the first of these that has ended, or, where there are none, of all that run. Errors: ErrArgument (one
// of them has been waited for), ErrAbsent (none runs), ErrLimit, ErrDenied.
func (r *Request) WaitAny(children ...Child) (Child, Called, error) {
	numbers := make([]uint32, len(children))
	for i, child := range children {
		numbers[i] = child.number
	}
	var raw abi.Result
	code := abi.WaitAny(numbers, &raw)
	if code < 0 {
		return Child{}, Called{}, Error(code)
	}
	return Child{uint32(code)}, Called{raw}, nil
}
