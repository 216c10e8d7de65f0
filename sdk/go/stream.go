package inlay

import (
	"iter"

	"inlay/internal/abi"
)

// Pieces gives the request body piece after piece, wherever it is: of a stream as it comes, else in windows of up to 2 MiB.
// A piece is valid until the next. An error is the last that comes: ErrNoRoom, ErrLimit, ErrIO (the client is gone or too
// slow: nothing of this invocation takes effect), ErrTwice (a loop over the pieces runs already).
//
//	for piece, err := range request.Pieces() {
//		if err != nil {
//			return err
//		}
//		...
//	}
func (r *Request) Pieces() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if r.isReceiving {
			yield(nil, ErrTwice)
			return
		}
		r.isReceiving = true
		defer func() { r.isReceiving = false }()
		for {
			piece, code := abi.Receive()
			if code < 0 {
				yield(nil, Error(code))
				return
			}
			if len(piece) == 0 || !yield(piece, nil) {
				return
			}
		}
	}
}

// Sender sends the response part by part; [Response.Sender] makes it. It is an io.Writer.
type Sender struct{}

// Send sends the ranges as the next part; then they may be written again. The head goes with the first part; no ranges send
// the head alone. In a stream, ranges in views and outputs leave by reference; others, and elsewhere all, are copied, counted.
// Errors: ErrLimit, ErrTwice (after a response), ErrDenied (a response with this status has no content), ErrIO (the client is
// gone or too slow).
func (s *Sender) Send(ranges ...[]byte) error { return (&Response{}).and(abi.Send(ranges)).err }

// Write sends the bytes as the next part.
func (s *Sender) Write(bytes []byte) (int, error) {
	if len(bytes) == 0 {
		return 0, nil
	}
	if err := s.Send(bytes); err != nil {
		return 0, err
	}
	return len(bytes), nil
}
