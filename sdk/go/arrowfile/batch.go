package arrowfile

import "math"

const (
	blockBytes  = 24
	recordBatch = 3 // of the headers of Message.fbs
)

// batch is one batch's head and body.
type batch struct {
	head  flat
	table table
	body  []byte
	begin uint64 // of the body in the file
}

// batch reads where a batch lies. Errors: ErrDamaged, ErrCompressed. REQUIRES: number < f.batches.count.
func (f *File) batch(number uint64) (batch, error) {
	footer, whole := flat{data: f.footer}, flat{data: f.data}
	block := f.batches.at + blockBytes*number
	offset, headBytes, bodyBytes := footer.u64(block), footer.u32(block+8), footer.u64(block+16)
	head := whole.piece(offset, headBytes)
	if whole.isDamaged {
		return batch{}, ErrDamaged
	}
	body := whole.piece(offset+headBytes, bodyBytes)

	// Since 0.15 of Arrow a head begins with ff ff ff ff.
	size, prefixBytes := whole.u32(offset), uint64(4)
	if size == math.MaxUint32 {
		size, prefixBytes = whole.u32(offset+4), 8
	}
	if whole.isDamaged || headBytes < prefixBytes || size > headBytes-prefixBytes {
		return batch{}, ErrDamaged
	}
	found := batch{head: flat{data: head[prefixBytes : prefixBytes+size]}, body: body, begin: offset + headBytes}
	message := found.head.root()
	kind := found.head.u8In(message, 1)
	found.table = found.head.tableIn(message, 2)
	compression := found.head.tableIn(found.table, 3)
	if found.head.isDamaged || found.table.at == 0 || kind != recordBatch {
		return batch{}, ErrDamaged
	}
	if compression.at != 0 {
		return batch{}, ErrCompressed
	}
	return found, nil
}

// buffer gives where in the body a buffer begins that has the bytes that are needed.
func (b *batch) buffer(number, need uint64) (uint64, bool) {
	buffers := b.head.vectorIn(b.table, 2, 16)
	if number >= buffers.count {
		return 0, false
	}
	offset, length := b.head.u64(buffers.at+16*number), b.head.u64(buffers.at+16*number+8)
	size := uint64(len(b.body))
	return offset, offset <= size && length <= size-offset && need <= length
}

// viewBuffers counts what the columns of views before the column have besides their two.
func (b *batch) viewBuffers(views uint64) uint64 {
	if views == 0 {
		return 0
	}
	counts := b.head.vectorIn(b.table, 4, 8)
	if counts.count < views {
		b.head.isDamaged = true
		return 0
	}
	var buffers uint64
	for i := range views {
		count := b.head.u64(counts.at + 8*i)
		if count > uint64(len(b.head.data)) {
			b.head.isDamaged = true // a buffer takes 16 bytes there; and no sum overflows
			return 0
		}
		buffers += count
	}
	return buffers
}

// chunk gives the column's values in a batch, and takes their bytes from those that can still come.
func (c *Column) chunk(number uint64, bytesLeft *uint64) (Chunk, error) {
	batch, err := c.file.batch(number)
	if err != nil {
		return Chunk{}, err
	}
	nodes := batch.head.vectorIn(batch.table, 1, 16)
	rows := batch.head.u64In(batch.table, 0)
	if c.place.node >= nodes.count {
		return Chunk{}, ErrDamaged
	}
	node := nodes.at + 16*c.place.node
	nodeRows, nulls := batch.head.u64(node), batch.head.u64(node+8)
	buffer := c.place.buffer + batch.viewBuffers(c.place.views)
	headBytes := uint64(len(batch.head.data))
	if batch.head.isDamaged || nodeRows != rows || nulls > rows || headBytes > *bytesLeft {
		return Chunk{}, ErrDamaged
	}
	*bytesLeft -= headBytes
	if rows > *bytesLeft/c.width {
		return Chunk{}, ErrDamaged
	}
	size := rows * c.width
	*bytesLeft -= size
	if rows == 0 {
		return Chunk{}, nil
	}
	begin, isThere := batch.buffer(buffer+1, size)
	if !isThere {
		return Chunk{}, ErrDamaged
	}
	chunk := Chunk{Values: batch.body[begin : begin+size], Rows: int(rows), Offset: int64(batch.begin + begin)}
	if nulls != 0 {
		bits := (rows + 7) / 8
		if begin, isThere = batch.buffer(buffer, bits); !isThere {
			return Chunk{}, ErrDamaged
		}
		chunk.Validity = batch.body[begin : begin+bits]
	}
	return chunk, nil
}
