package inlaytest

import (
	"strconv"
	"strings"

	"inlay/internal/abi"
)

func (s *state) Status(status uint32) int32 {
	if status < 200 || status > 599 {
		return abi.EArgument
	}
	if s.partsSent > 0 {
		return abi.ETwice
	}
	s.status = int(status)
	return 0
}

// Fields that are the host's; and those that begin with "inlay-".
var hostFields = map[string]bool{
	"connection": true, "keep-alive": true, "proxy-connection": true, "content-length": true, "date": true, "te": true,
	"trailer": true, "transfer-encoding": true, "upgrade": true,
}

func isToken(name string) bool {
	for i := 0; i < len(name); i++ {
		letter := name[i]
		isPlain := letter >= '0' && letter <= '9' || letter|0x20 >= 'a' && letter|0x20 <= 'z'
		if !isPlain && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(letter)) {
			return false
		}
	}
	return name != ""
}

func (s *state) Header(name, value string) int32 {
	if !isToken(name) {
		return abi.EName
	}
	for i := 0; i < len(value); i++ {
		if value[i] < 0x20 && value[i] != '\t' || value[i] == 0x7f {
			return abi.EArgument
		}
	}
	lower := strings.ToLower(name)
	if hostFields[lower] || strings.HasPrefix(lower, "inlay-") {
		return abi.EDenied
	}
	if s.partsSent > 0 || lower == "content-type" && (Outcome{Fields: s.fields}).Field(name) != "" {
		return abi.ETwice
	}
	s.fields = append(s.fields, Field{name, value})
	return 0
}

func (s *state) Respond(ranges [][]byte) int32 {
	if s.hasResponded || s.partsSent > 0 {
		return abi.ETwice
	}
	s.hasResponded = true
	s.content = s.takeAll(ranges)
	return 0
}

// Send: what a part holds leaves now.
func (s *state) Send(ranges [][]byte) int32 {
	if s.hasResponded {
		return abi.ETwice
	}
	pieces := s.takeAll(ranges)
	isEmpty := s.status == 204 || s.status == 205 || s.status == 304
	if isEmpty && len(pieces) > 0 {
		return abi.EDenied
	}
	s.content = append(s.content, piece{joined(pieces), false})
	s.partsSent++
	return 0
}

func (s *state) Publish(name, contentType string, ranges [][]byte) int32 {
	if !isObjectName(name) {
		return abi.EName
	}
	s.published = append(s.published, staged{name, contentType, s.takeAll(ranges)})
	return 0
}

// runCallee runs a function as an invocation of its own.
func (s *state) runCallee(name, query string, ranges [][]byte) *abi.Result {
	function, isThere := s.host.Functions[name]
	if !isThere {
		return nil
	}
	inputs := make([][]byte, len(ranges))
	for i, bytes := range ranges {
		inputs[i] = joined([]piece{s.take(bytes)})
	}
	callee := Host{
		Method: "POST", Path: "/f/" + name, Query: query, Inputs: inputs, Objects: s.host.Objects,
		Functions: s.host.Functions, Clock: s.host.Clock,
	}
	outcome := callee.run(function)
	s.logs = append(s.logs, outcome.Logs...)
	s.called = append(s.called, outcome.Published...)
	result := abi.Result{Ending: abi.EndingCompleted, Status: uint32(outcome.Status)}
	content := outcome.Body
	if outcome.Code != 0 {
		result = abi.Result{Ending: abi.EndingFailed, Code: int32(outcome.Code)}
		content = []byte("it returned " + strconv.Itoa(outcome.Code))
	}
	result.First, result.Size = s.addSource(content).ID, uint64(len(content))
	if len(content) > 0 {
		result.Count = 1
	}
	return &result
}

func give(result *abi.Result, out *abi.Result) int32 {
	*out = *result
	if result.Ending != abi.EndingCompleted {
		return abi.ECallee
	}
	return 0
}

func (s *state) Call(name, query string, ranges [][]byte, out *abi.Result) int32 {
	result := s.runCallee(name, query, ranges)
	if result == nil {
		return abi.EAbsent
	}
	return give(result, out)
}

func (s *state) Spawn(name, query string, ranges [][]byte) int32 {
	result := s.runCallee(name, query, ranges)
	if result == nil {
		result = &abi.Result{Ending: abi.EndingRefused}
	}
	s.children = append(s.children, result)
	return int32(len(s.children) - 1)
}

func (s *state) Wait(child uint32, out *abi.Result) int32 {
	if uint64(child) >= uint64(len(s.children)) || s.children[child] == nil {
		return abi.EArgument
	}
	result := s.children[child]
	s.children[child] = nil
	return give(result, out)
}

func (s *state) WaitAny(children []uint32, out *abi.Result) int32 {
	if len(children) > 0 {
		if s.Wait(children[0], out) == abi.EArgument {
			return abi.EArgument
		}
		return int32(children[0])
	}
	for number, result := range s.children {
		if result != nil {
			s.Wait(uint32(number), out)
			return int32(number)
		}
	}
	return abi.EAbsent
}
