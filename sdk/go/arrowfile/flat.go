package arrowfile

import (
	"encoding/binary"
)

// flat is a FlatBuffer that anybody may have written. A position is an offset from its beginning; 0 is none, because there
// the root's offset lies. What does not lie inside sets isDamaged and reads as 0 or as none: a reader looks at that once,
// before it uses what it has read. Nothing is aligned for sure.
//
//	table:   i32 distance back to its vtable | fields
//	vtable:  u16 its size | u16 size of the table | u16 for each field: its offset in the table, 0: absent
//	vector:  u32 count | elements           strings are vectors of bytes
type flat struct {
	data      []byte
	isDamaged bool
}

// table at 0 is none, and all its fields are absent.
type table struct {
	at, vtable       uint64
	vtableSize, size uint64
}

type vector struct {
	at    uint64 // of the first element
	count uint64
}

// piece gives `size` bytes, or nil where they do not lie inside.
func (f *flat) piece(at, size uint64) []byte {
	all := uint64(len(f.data))
	if at > all || size > all-at {
		f.isDamaged = true
		return nil
	}
	return f.data[at : at+size]
}

func (f *flat) u16(at uint64) uint64 {
	if bytes := f.piece(at, 2); bytes != nil {
		return uint64(binary.LittleEndian.Uint16(bytes))
	}
	return 0
}

func (f *flat) u32(at uint64) uint64 {
	if bytes := f.piece(at, 4); bytes != nil {
		return uint64(binary.LittleEndian.Uint32(bytes))
	}
	return 0
}

func (f *flat) u64(at uint64) uint64 {
	if bytes := f.piece(at, 8); bytes != nil {
		return binary.LittleEndian.Uint64(bytes)
	}
	return 0
}

// tableAt is the table that begins there.
func (f *flat) tableAt(at uint64) table {
	if at == 0 {
		return table{}
	}
	// A distance that leads before the beginning wraps to a position beyond the end.
	vtable := at - uint64(int64(int32(f.u32(at))))
	found := table{at, vtable, f.u16(vtable), 0}
	if f.isDamaged {
		return table{}
	}
	found.size = f.u16(vtable + 2)
	if found.vtableSize < 4 || found.size < 4 {
		f.isDamaged = true
	}
	f.piece(vtable, found.vtableSize)
	f.piece(at, found.size)
	if f.isDamaged {
		return table{}
	}
	return found
}

// root is the table that the buffer holds.
func (f *flat) root() table {
	at := f.u32(0)
	if at == 0 {
		f.isDamaged = true
	}
	return f.tableAt(at)
}

// field tells where a table's field of so many bytes lies; 0: it is absent.
func (f *flat) field(t table, number, size uint64) uint64 {
	slot := 4 + 2*number
	if slot+2 > t.vtableSize {
		return 0
	}
	offset := f.u16(t.vtable + slot)
	if offset == 0 {
		return 0
	}
	if offset < 4 || offset+size > t.size {
		f.isDamaged = true
		return 0
	}
	return t.at + offset
}

// follow tells where the offset that lies there leads; 0 leads to 0.
func (f *flat) follow(at uint64) uint64 {
	if at == 0 {
		return 0
	}
	target := at + f.u32(at)
	if f.piece(target, 4) == nil {
		return 0
	}
	return target
}

// Fields of tables; numbers are 0 where they are absent.

func (f *flat) u8In(t table, number uint64) uint64 {
	if at := f.field(t, number, 1); at != 0 {
		return uint64(f.data[at]) // inside: the table is
	}
	return 0
}

func (f *flat) u16In(t table, number uint64) uint64 {
	if at := f.field(t, number, 2); at != 0 {
		return f.u16(at)
	}
	return 0
}

func (f *flat) u32In(t table, number uint64) uint64 {
	if at := f.field(t, number, 4); at != 0 {
		return f.u32(at)
	}
	return 0
}

func (f *flat) u64In(t table, number uint64) uint64 {
	if at := f.field(t, number, 8); at != 0 {
		return f.u64(at)
	}
	return 0
}

func (f *flat) tableIn(t table, number uint64) table {
	return f.tableAt(f.follow(f.field(t, number, 4)))
}

// vectorIn is a vector whose elements have so many bytes; empty where it is absent.
func (f *flat) vectorIn(t table, number, elementBytes uint64) vector {
	at := f.follow(f.field(t, number, 4))
	if at == 0 {
		return vector{}
	}
	count := f.u32(at) // below 2^32, and elements have at most 24 bytes: no product overflows
	if f.piece(at+4, count*elementBytes) == nil {
		return vector{}
	}
	return vector{at + 4, count}
}

// element is the table that a vector's element points to. REQUIRES: number < v.count.
func (f *flat) element(v vector, number uint64) table {
	return f.tableAt(f.follow(v.at + 4*number))
}
