package inlay

import (
	"strconv"

	"inlay/internal/abi"
)

// Response builds the response; [Request.Response] makes it. Bytes, Text, Number, Ranges and Empty give the content, which
// ends it, and what they return the function returns: an error on the way, of a field too, comes out there.
type Response struct {
	err error
}

func (r *Response) and(code int32) *Response {
	if r.err == nil && code < 0 {
		r.err = &responseError{Error(code)}
	}
	return r
}

// responseError keeps a code of the response from being told as if a parameter had led to it.
type responseError struct {
	code Error
}

func (e *responseError) Error() string        { return "the response: " + e.code.Error() }
func (e *responseError) Is(target error) bool { return target == e.code }

// Status is 200 to 599; 200 without this call.
func (r *Response) Status(status int) *Response {
	if status < 0 || status > 999 {
		return r.and(abi.EArgument)
	}
	return r.and(abi.Status(uint32(status)))
}

// Header adds a field. Those of the connection, Content-Length, Date and Inlay-* are the host's: ErrDenied.
func (r *Response) Header(name, value string) *Response { return r.and(abi.Header(name, value)) }

// ContentType sets Content-Type, once. An empty one sets none: then a response with content is application/octet-stream.
func (r *Response) ContentType(value string) *Response {
	if value == "" {
		return r
	}
	return r.Header("Content-Type", value)
}

// Ranges are the content, one after the other: by reference where they lie in views and outputs, else copied now, counted.
// What an output holds when the function returns is what leaves.
func (r *Response) Ranges(ranges ...[]byte) error {
	if r.err != nil {
		return r.err
	}
	return r.and(abi.Respond(ranges)).err
}

// Bytes is Ranges with one.
func (r *Response) Bytes(bytes []byte) error { return r.Ranges(bytes) }

// Text is copied, counted.
func (r *Response) Text(text string) error { return r.Ranges([]byte(text)) }

// Number on a line of its own, as text/plain.
func (r *Response) Number(number uint64) error {
	line := append(strconv.AppendUint(make([]byte, 0, 24), number, 10), '\n')
	return r.ContentType("text/plain").Ranges(line)
}

// Empty is a response without content.
func (r *Response) Empty() error { return r.Ranges() }

// Sender is the way to send the content part by part, in a stream each of them now. Errors: of the head.
func (r *Response) Sender() (*Sender, error) { return &Sender{}, r.err }
