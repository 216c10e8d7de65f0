package inlay

import (
	"errors"
	"strconv"

	"inlay/internal/abi"
)

// Error is a code of the contract: errors.Is(err, inlay.ErrAbsent).
type Error int32

const (
	ErrAbsent   Error = abi.EAbsent   // there is no such part, object or window
	ErrArgument Error = abi.EArgument // an argument has a value that is not allowed
	ErrPointer  Error = abi.EPointer  // a pointer and length do not lie inside the function's memory
	ErrRange    Error = abi.ERange    // offset and length do not lie inside the source
	ErrNoRoom   Error = abi.ENoRoom   // no address space is left: unmap, or map a smaller piece
	ErrLimit    Error = abi.ELimit    // a limit of the invocation is reached
	ErrName     Error = abi.EName     // the name of a bucket, object or header is not allowed
	ErrDenied   Error = abi.EDenied   // not allowed here
	ErrIO       Error = abi.EIo       // the host could not read or write; its log says why
	ErrTwice    Error = abi.ETwice    // what can be done once was done already
	ErrCallee   Error = abi.ECallee   // the function that was called did not complete
)

// Error gives the words that tell a client of it.
func (e Error) Error() string {
	switch e {
	case ErrAbsent:
		return "there is no such object"
	case ErrArgument:
		return "this value is not allowed"
	case ErrRange:
		return "this lies outside of the data"
	case ErrName:
		return "this name is not allowed"
	case ErrNoRoom:
		return "there is no room for this much data"
	case ErrLimit:
		return "this is more than the function may use"
	case ErrDenied:
		return "this is not allowed here"
	}
	return "this did not work"
}

// Status is the one that tells a client of it.
func (e Error) Status() int {
	switch e {
	case ErrAbsent:
		return 404
	case ErrArgument, ErrRange, ErrName:
		return 400
	case ErrNoRoom, ErrLimit:
		return 413
	case ErrDenied:
		return 403
	}
	return 500
}

// check gives nil for a value >= 0. A code that this version does not know stays as it is: "this did not work".
func check(code int32) error {
	if code < 0 {
		return Error(code)
	}
	return nil
}

// parameterError is an error and the query parameter that led to it.
type parameterError struct {
	parameter string
	err       error
}

func (e *parameterError) Error() string { return e.parameter + ": " + e.err.Error() }
func (e *parameterError) Unwrap() error { return e.err }

// About says which query parameter led to an error, for what the client is told; nil stays nil. An [Error] that a function
// returns without it is about "object".
func About(err error, parameter string) error {
	if err == nil {
		return nil
	}
	return &parameterError{parameter, err}
}

type statusError struct {
	status int
	line   string
}

func (e *statusError) Error() string { return strconv.Itoa(e.status) + ": " + e.line }

// Fail gives an error by which a function answers with a status and a line of text, which comes without its newline. The
// invocation succeeds: what it has staged takes effect.
func Fail(status int, line string) error { return &statusError{status, line} }

// Code is an error that ends the invocation with this code, which is not 0: nothing that it has staged takes effect.
type Code int32

func (c Code) Error() string { return "code " + strconv.Itoa(int(c)) }

// Invoke runs the function as one invocation and gives what inlay_handle returns. For package inlaytest.
//
// Of an error the client is told: of [Fail] what it says; of an [Error], by its status, with a line as
// "object=b/k: there is no such object". Any other error, and what comes too late because the response has begun, fails the
// invocation with a nonzero code, and a line in its log says why.
func Invoke(function func(*Request) error) int32 {
	request := &Request{}
	if function == nil {
		Log(LevelError, "no function is there: call inlay.Handle in an init function; main does not run")
		return 1
	}
	err := function(request)
	if err == nil {
		return 0
	}
	told, code := tell(request, err)
	if told == nil {
		return 0
	}
	Log(LevelError, err.Error())
	return code
}

var errUntold = errors.New("the client is not told")

// tell answers of an error where the client is to know of it; otherwise it gives an error and the invocation's code.
func tell(request *Request, err error) (error, int32) {
	var code Code
	if errors.As(err, &code) && code != 0 {
		return errUntold, int32(code)
	}
	var late *responseError
	if errors.As(err, &late) {
		return errUntold, int32(late.code)
	}
	var failed *statusError
	if errors.As(err, &failed) {
		response := request.Response().Status(failed.status).ContentType("text/plain")
		return response.Text(failed.line + "\n"), int32(failed.status)
	}
	var known Error
	if !errors.As(err, &known) {
		return errUntold, 1
	}
	parameter := "object"
	var about *parameterError
	if errors.As(err, &about) {
		parameter = about.parameter
	}
	response := request.Response().Status(known.Status()).ContentType("text/plain")
	return response.Text(wording(request, parameter) + ": " + known.Error() + "\n"), int32(known)
}

// wording names a parameter with its value. Where the request has none, its name stands alone, and instead of "object" the
// words "the request body".
func wording(request *Request, parameter string) string {
	value, err := request.Parameter(parameter)
	switch {
	case err == nil && len(value) <= NameBytesMax:
		return parameter + "=" + value
	case err == ErrAbsent && parameter == "object":
		return "the request body"
	}
	return parameter
}
