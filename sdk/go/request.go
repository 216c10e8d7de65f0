package inlay

import (
	"math"

	"inlay/internal/abi"
)

// NameBytesMax is the longest "BUCKET/KEY" that Input reads from a parameter, in bytes.
const NameBytesMax = 2048

// Request is one invocation: what was asked, and the doors to all else.
type Request struct {
	isReceiving bool
}

// part reads a part of any length.
func part(number uint32, name string) (string, error) {
	var few [256]byte
	buffer := few[:]
	for {
		length := abi.Request(number, name, buffer)
		if length < 0 {
			return "", Error(length)
		}
		if int(length) <= len(buffer) {
			return string(buffer[:length]), nil
		}
		buffer = make([]byte, length)
	}
}

// always reads a part that every request has.
func always(number uint32) string {
	text, _ := part(number, "")
	return text
}

func (r *Request) Method() string { return always(abi.PartMethod) }

// Path is the path as it came, percent-encoded, without the query.
func (r *Request) Path() string { return always(abi.PartPath) }

// Rest is what follows /f/NAME in the path: empty, or it begins with "/".
func (r *Request) Rest() string { return always(abi.PartRest) }

// Query is the raw query, without "?".
func (r *Request) Query() string { return always(abi.PartQuery) }

// FunctionName is the function's own name.
func (r *Request) FunctionName() string { return always(abi.PartFunction) }

// InvocationID is how the log shows this invocation.
func (r *Request) InvocationID() string { return always(abi.PartInvocation) }

// Parameter gives the first query parameter of that name, decoded. Errors: ErrAbsent.
func (r *Request) Parameter(name string) (string, error) { return part(abi.PartParameter, name) }

// ParameterOr is Parameter with a value for where there is none.
func (r *Request) ParameterOr(name, otherwise string) string {
	if value, err := r.Parameter(name); err == nil {
		return value
	}
	return otherwise
}

// ParameterUint reads a parameter as a decimal number; `otherwise` where there is none. Errors: ErrArgument, about this
// parameter.
func (r *Request) ParameterUint(name string, otherwise uint64) (uint64, error) {
	digits, err := r.Parameter(name)
	if err == ErrAbsent {
		return otherwise, nil
	}
	if err != nil {
		return 0, About(err, name)
	}
	number, ok := parseUint(digits)
	if !ok || len(digits) > digitsMax {
		return 0, About(ErrArgument, name)
	}
	return number, nil
}

const digitsMax = 32 // with room for leading zeros

// parseUint takes digits and nothing else: no sign, no underscores.
func parseUint(digits string) (uint64, bool) {
	var value uint64
	for i := 0; i < len(digits); i++ {
		digit := uint64(digits[i]) - '0'
		if digit > 9 || value > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		value = value*10 + digit
	}
	return value, len(digits) > 0
}

// Header gives the request's field of that name, in any case; several are joined by ", ". Errors: ErrAbsent.
func (r *Request) Header(name string) (string, error) { return part(abi.PartHeader, name) }

// HeaderOr is Header with a value for where there is none.
func (r *Request) HeaderOr(name, otherwise string) string {
	if value, err := r.Header(name); err == nil {
		return value
	}
	return otherwise
}

// Env gives a variable that was given at deploy. Errors: ErrAbsent.
func (r *Request) Env(name string) (string, error) { return part(abi.PartEnv, name) }

// WantsStream tells whether the client asks for a stream: the query parameter "stream" is "1".
func (r *Request) WantsStream() bool { return r.ParameterOr("stream", "") == "1" }

// Body is the request body, of a call its first input; of size 0 where there is none. Errors: ErrDenied (a stream's body is
// received: see Pieces).
func (r *Request) Body() (Source, error) {
	var source Source
	code := abi.Body(&source.raw)
	return source, check(code)
}

// CallInput is an input: of a call those that the caller gave, from 0 on; of any other request the body is input 0.
// Errors: ErrAbsent, ErrDenied.
func (r *Request) CallInput(index int) (Source, error) {
	var source Source
	if index < 0 || index > math.MaxInt32 {
		return source, ErrAbsent
	}
	code := abi.CallInput(uint32(index), &source.raw)
	return source, check(code)
}

// Open gives the current version of the object "BUCKET/KEY"; later writes do not show through. Errors: ErrAbsent, ErrName,
// ErrLimit, ErrIO.
func (r *Request) Open(name string) (Source, error) {
	var source Source
	code := abi.Open(name, &source.raw)
	return source, check(code)
}

// FileSource gives what an open file of a preopened bucket shows, by its descriptor (os.File.Fd), to be mapped instead of read.
// Errors: ErrAbsent (no such descriptor, a directory, written), ErrDenied (not open for reading).
func (r *Request) FileSource(fd uintptr) (Source, error) {
	var source Source
	if fd > math.MaxInt32 {
		return source, ErrAbsent
	}
	code := abi.FdSource(uint32(fd), &source.raw)
	return source, check(code)
}

// Input is the object named by the query parameter "object", or else the request body. Errors: those of Open; ErrArgument
// (the name is longer than NameBytesMax).
func (r *Request) Input() (Source, error) {
	name, err := r.Parameter("object")
	switch {
	case err == ErrAbsent:
		return r.Body()
	case err != nil:
		return Source{}, err
	case len(name) > NameBytesMax:
		return Source{}, ErrArgument
	}
	return r.Open(name)
}

// Output makes a writable window of `length` bytes, all zero, to be responded or published. Length 0 gives one without a
// window. Errors: ErrArgument (negative), ErrNoRoom, ErrLimit, ErrIO.
func (r *Request) Output(length int64) (*Output, error) {
	if length < 0 {
		return nil, ErrArgument
	}
	if length == 0 {
		return &Output{}, nil
	}
	bytes, code := abi.Output(uint64(length))
	if code < 0 {
		return nil, Error(code)
	}
	return &Output{bytes}, nil
}

// Publish stages the ranges, one after the other, as the new version of the object "BUCKET/KEY"; contentType may be empty.
// It takes effect if the function returns nil. One range from the start of an output, of the body or of an object goes by
// reference; anything else is copied now, counted. Errors: ErrName, ErrArgument (content type), ErrLimit, ErrIO.
func (r *Request) Publish(name, contentType string, ranges ...[]byte) error {
	return check(abi.Publish(name, contentType, ranges))
}

// Response begins the response.
func (r *Request) Response() *Response { return &Response{} }
