package inlaytest

import (
	"math"
	"strings"

	"inlay/internal/abi"
)

const receiveBytes = 2 << 20

// part gives a part's value, or whether there is none.
func (s *state) part(number uint32, name string) (string, bool) {
	switch number {
	case abi.PartMethod:
		return s.method(), true
	case abi.PartPath:
		if s.host.Path == "" {
			return "/f/function" + s.host.Rest, true
		}
		return s.host.Path, true
	case abi.PartRest:
		return s.host.Rest, true
	case abi.PartQuery:
		return s.host.Query, true
	case abi.PartParameter:
		for _, parameter := range s.parameters {
			if parameter.Name == name {
				return parameter.Value, true
			}
		}
		return "", false
	case abi.PartHeader:
		for one, value := range s.host.Headers {
			if strings.EqualFold(one, name) {
				return value, true
			}
		}
		return "", false
	case abi.PartEnv:
		value, isThere := s.host.Env[name]
		return value, isThere
	case abi.PartFunction:
		return "function", true
	}
	return "0", true
}

func (s *state) method() string {
	switch {
	case s.host.Method != "":
		return s.host.Method
	case s.host.Body != nil || s.host.Pieces != nil || len(s.host.Inputs) > 1:
		return "POST"
	}
	return "GET"
}

func (s *state) Request(number uint32, name string, buffer []byte) int32 {
	if number < abi.PartMethod || number > abi.PartInvocation {
		return abi.EArgument
	}
	value, isThere := s.part(number, name)
	if !isThere {
		return abi.EAbsent
	}
	if len(value) <= len(buffer) {
		copy(buffer, value)
	}
	return int32(len(value))
}

func (s *state) Body(out *abi.Source) int32 { return s.CallInput(0, out) }

func (s *state) CallInput(index uint32, out *abi.Source) int32 {
	if s.host.Pieces != nil {
		return abi.EDenied
	}
	if int(index) >= len(s.host.Inputs) || s.isClosed[index] {
		return abi.EAbsent
	}
	*out = abi.Source{ID: index, Size: uint64(len(s.sources[index]))}
	return 0
}

// isObjectName tells whether it has the form BUCKET/KEY, without steps upwards.
func isObjectName(name string) bool {
	segments := strings.Split(name, "/")
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." || strings.Contains(segment, "\x00") {
			return false
		}
	}
	return len(segments) > 1
}

func (s *state) Open(name string, out *abi.Source) int32 {
	if !isObjectName(name) {
		return abi.EName
	}
	content, isThere := s.host.Objects[name]
	if !isThere {
		return abi.EAbsent
	}
	*out = s.addSource(content)
	return 0
}

// FdSource: natively there are no descriptors of WASI.
func (s *state) FdSource(uint32, *abi.Source) int32 { return abi.EAbsent }

// lies tells whether there is such a piece of such a source.
func (s *state) lies(source uint32, offset, length uint64) int32 {
	if uint64(source) >= uint64(len(s.sources)) || s.isClosed[source] {
		return abi.EAbsent
	}
	size := uint64(len(s.sources[source]))
	if offset > size || length > size-offset {
		return abi.ERange
	}
	return 0
}

func (s *state) Map(source uint32, offset, length uint64, flags uint32) ([]byte, int32) {
	if code := s.lies(source, offset, length); code < 0 {
		return nil, code
	}
	if flags > abi.MapRandom|abi.MapPrivate {
		return nil, abi.EArgument
	}
	return s.addWindow(s.sources[source][offset:offset+length], int(length), int(source), flags), 0
}

func (s *state) Move(bytes []byte, offset, length uint64) ([]byte, int32) {
	old := s.find(bytes)
	if old == nil || old.source < 0 {
		return nil, abi.EAbsent
	}
	moved, code := s.Map(uint32(old.source), offset, length, old.flags)
	if code == 0 {
		old.isMapped = false
	}
	return moved, code
}

func (s *state) Prefetch(source uint32, offset, length uint64) int32 {
	return s.lies(source, offset, length)
}

func (s *state) Output(length uint64) ([]byte, int32) {
	if length == 0 {
		return nil, abi.EArgument
	}
	if length > math.MaxUint32 {
		return nil, abi.ENoRoom
	}
	return s.addWindow(nil, int(length), -1, 0), 0
}

func (s *state) Unmap(bytes []byte) int32 {
	one := s.find(bytes)
	if one == nil {
		return abi.EAbsent
	}
	one.isMapped = false
	return 0
}

func (s *state) Close(source uint32) int32 {
	if code := s.lies(source, 0, 0); code < 0 {
		return code
	}
	s.isClosed[source] = true
	return 0
}

// Receive unmaps the piece before, as it ends with the next call.
func (s *state) Receive() ([]byte, int32) {
	if s.piece != nil {
		s.piece.isMapped = false
		s.piece = nil
	}
	next := s.next()
	if len(next) == 0 {
		return nil, 0
	}
	s.received++
	bytes := s.addWindow(next, len(next), -1, 0)
	s.piece = s.windows[len(s.windows)-1]
	return bytes, 0
}

func (s *state) next() []byte {
	if pieces := s.host.Pieces; pieces != nil {
		for ; s.received < len(pieces); s.received++ {
			if len(pieces[s.received]) > 0 {
				return pieces[s.received]
			}
		}
		return nil
	}
	if len(s.host.Inputs) == 0 {
		return nil
	}
	body := s.host.Inputs[0]
	begin := min(s.received*receiveBytes, len(body))
	return body[begin:min(begin+receiveBytes, len(body))]
}
