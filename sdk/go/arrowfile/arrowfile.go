// Package arrowfile reads columns of an Arrow IPC file where they lie.
//
//	file, err := arrowfile.Open(view.Bytes())
//	...
//	column, err := file.Column("price")
//	...
//	for chunk, err := range column.Chunks() {
//		...
//	}
//
// Read are whole numbers and floats of 8 to 64 bits, uncompressed, little-endian, of metadata version 4 or 5. No values are
// copied; only the footer, the batches' heads and what the caller looks at are touched.
//
// The bytes may be anybody's: each offset and length is checked before it is followed, and the work is bounded by the size
// of the file (FieldsMax, DepthMax, and no more bytes in heads and chunks than there are).
//
// The format: Columnar.html of arrow.apache.org, with File.fbs, Message.fbs and Schema.fbs.
//
//	"ARROW1" 0 0 | ... batches, each: head, body ... | footer | i32 size of the footer | "ARROW1"
package arrowfile

import (
	"bytes"
	"encoding/binary"
	"iter"
)

const (
	FieldsMax = 65536
	DepthMax  = 64
)

// Error is why a file or a column is not read. Its text comes without its subject, which AboutColumn tells.
type Error int

const (
	ErrNotAFile Error = iota + 1
	ErrBigEndian
	ErrDamaged
	ErrCompressed
	ErrLimit
	ErrNoColumn
	ErrType
)

func (e Error) Error() string {
	switch e {
	case ErrNotAFile:
		return "this is not an Arrow IPC file of format version 4 or 5"
	case ErrBigEndian:
		return "it is big-endian, and only little-endian ones are read"
	case ErrCompressed:
		return "its columns are compressed: write it without compression"
	case ErrLimit:
		return "it has too many columns, or they are nested too deeply"
	case ErrNoColumn:
		return "the file has no such column"
	case ErrType:
		return "this is no plain column of whole numbers or floats of 8 to 64 bits"
	}
	return "it is damaged: an offset or a length in it does not fit"
}

// AboutColumn tells whether the error is about the column, else it is about the file.
func (e Error) AboutColumn() bool { return e >= ErrNoColumn }

// File is an opened file. It keeps the bytes that it was opened with.
type File struct {
	data    []byte
	footer  []byte
	fields  vector // of tables
	batches vector // of blocks: i64 offset, i32 size of the head, 4 bytes of nothing, i64 size of the body
	version uint64 // of the metadata, as it is written: 3 is version 4
}

const (
	magic      = "ARROW1"
	beginBytes = 8
	endBytes   = 10
	version4   = 3
	version5   = 4
)

// Open reads the footer. Errors: ErrNotAFile, ErrDamaged, ErrBigEndian.
func Open(data []byte) (*File, error) {
	if len(data) < beginBytes+endBytes || !bytes.HasPrefix(data, []byte(magic)) || !bytes.HasSuffix(data, []byte(magic)) {
		return nil, ErrNotAFile
	}
	end := len(data) - endBytes
	footerBytes := uint64(binary.LittleEndian.Uint32(data[end:]))
	if footerBytes > uint64(end-beginBytes) {
		return nil, ErrDamaged
	}
	flat := flat{data: data[uint64(end)-footerBytes : end]}
	footer := flat.root()
	schema := flat.tableIn(footer, 1)
	endianness := flat.u16In(schema, 0)
	file := &File{
		data: data, footer: flat.data, version: flat.u16In(footer, 0),
		fields: flat.vectorIn(schema, 1, 4), batches: flat.vectorIn(footer, 3, blockBytes),
	}
	switch {
	case flat.isDamaged || schema.at == 0:
		return nil, ErrDamaged
	case file.version != version4 && file.version != version5:
		return nil, ErrNotAFile
	case endianness != 0:
		return nil, ErrBigEndian
	}
	return file, nil
}

// Kind of the values of a column.
type Kind int

const (
	Signed Kind = iota + 1
	Unsigned
	Float
)

// Column is one of a file's columns.
type Column struct {
	file  *File
	kind  Kind
	width uint64
	place place
}

// Kind of the values.
func (c *Column) Kind() Kind { return c.kind }

// ValueBytes of each value: 1, 2, 4 or 8.
func (c *Column) ValueBytes() int { return int(c.width) }

// Column finds the first column of that name. Errors: ErrNoColumn, ErrType, ErrDamaged, ErrLimit.
func (f *File) Column(name string) (*Column, error) {
	flat := flat{data: f.footer}
	var at place
	for i := range f.fields.count {
		field := flat.element(f.fields, i)
		called := flat.vectorIn(field, 0, 1)
		if flat.isDamaged {
			return nil, ErrDamaged
		}
		if string(flat.data[called.at:called.at+called.count]) == name {
			kind, width, err := typeOf(&flat, field)
			return &Column{f, kind, width, at}, err
		}
		if err := at.pass(&flat, field, f.version, 1); err != nil {
			return nil, err
		}
	}
	return nil, ErrNoColumn
}

// Chunk is what a column has in one batch: at least one row.
type Chunk struct {
	Values   []byte // little-endian, not aligned for sure
	Validity []byte // one bit for each row, from the lowest on, 0: null. nil where no row is null.
	Rows     int
	Offset   int64 // of Values in the file
}

// Chunks gives the column's values batch by batch. An error is the last that comes: ErrDamaged, ErrCompressed.
func (c *Column) Chunks() iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		// Neither heads nor values of different batches overlap: who says so would have the same bytes read for ever.
		bytesLeft := uint64(len(c.file.data))
		for number := range c.file.batches.count {
			chunk, err := c.chunk(number, &bytesLeft)
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			if chunk.Rows > 0 && !yield(chunk, nil) {
				return
			}
		}
	}
}
