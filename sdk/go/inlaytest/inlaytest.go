// Package inlaytest runs functions natively and without a server, over a host that is made of values.
//
//	func TestItGreets(t *testing.T) {
//		answer := inlaytest.Host{Query: "name=Ada"}.Run(greet)
//		if answer.Status != 200 || string(answer.Body) != "hello Ada" {
//			t.Error(answer)
//		}
//	}
//
// It answers as a server does as far as a function can tell, with these differences: windows are copies, and those of views
// can be written; there are no limits and no deadlines; spawned functions run when they are spawned; what a callee
// publishes, its caller stages at once. Invocations run one at a time, also those of parallel tests.
package inlaytest

import (
	"strings"
	"sync"
	"time"

	"inlay"
	"inlay/internal/abi"
)

// Function is what [inlay.Handle] takes.
type Function = func(*inlay.Request) error

// Host is what an invocation finds. Its zero value is a GET of /f/function without anything.
type Host struct {
	Method    string // "" : POST with a body, inputs or pieces, else GET
	Path      string // "" : /f/function
	Rest      string
	Query     string            // as it comes: NAME=VALUE&..., percent-encoded
	Headers   map[string]string // names in any case
	Env       map[string]string
	Body      []byte
	Inputs    [][]byte // of a call; the body is the first
	Pieces    [][]byte // of a stream, whose body comes in these
	Objects   map[string][]byte
	Functions map[string]Function // others, that can be called
	Clock     time.Time           // what the wall clock shows; zero: some time in 2023
}

// Field of a response.
type Field struct {
	Name, Value string
}

// Object that was published.
type Object struct {
	Name, ContentType string
	Content           []byte
}

// Line of the log.
type Line struct {
	Level inlay.Level
	Text  string
}

// Outcome is what an invocation came to.
type Outcome struct {
	Code      int // what inlay_handle returned; 0: it succeeded
	Status    int
	Fields    []Field
	Body      []byte
	PartsSent int      // whose contents make the body; 0: it was responded
	Published []Object // nothing where it failed
	Logs      []Line
	Copied    uint64 // content bytes that a host copies: responses and objects that did not lie in windows
	Windows   int    // mapped at the end, those that were responded among them
}

// Field gives the response's field, for a name in any case; "" where there is none.
func (o Outcome) Field(name string) string {
	for _, field := range o.Fields {
		if strings.EqualFold(field.Name, name) {
			return field.Value
		}
	}
	return ""
}

// Object gives the last version of an object that was published, or nil.
func (o Outcome) Object(name string) *Object {
	for i := len(o.Published) - 1; i >= 0; i-- {
		if o.Published[i].Name == name {
			return &o.Published[i]
		}
	}
	return nil
}

var running sync.Mutex

// Run runs the function as one invocation.
func (h Host) Run(function Function) Outcome {
	running.Lock()
	defer running.Unlock()
	return h.run(function)
}

// run also runs within the invocation of a caller.
func (h Host) run(function Function) Outcome {
	state := newState(h)
	caller := abi.Running
	abi.Running = state
	defer func() { abi.Running = caller }()
	code := inlay.Invoke(function)
	return state.outcome(int(code))
}
