package arrowfile

// Types of Schema.fbs.
const (
	typeInt        = 2
	typeFloat      = 3
	typeUnion      = 14
	typeBinaryView = 23
	typeUtf8View   = 24
	typeLast       = 26
)

// buffersOf is what fields of each type have in a batch. Views have more of them, whose number stands in the batch.
var buffersOf = [typeLast + 1]uint64{
	0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3,
}

// place of a column in a batch.
type place struct {
	node   uint64 // its place among the nodes,
	buffer uint64 // of its validity among the buffers, where views have no buffers of their own,
	views  uint64 // and how many columns of views come before it, which do have some
}

// pass adds what a field and its children have in a batch. Errors: ErrDamaged, ErrLimit.
func (p *place) pass(flat *flat, field table, version uint64, depth int) error {
	const dense = 1
	dictionary := flat.tableIn(field, 4)
	number := flat.u8In(field, 2)
	if flat.isDamaged || number == 0 || number > typeLast {
		return ErrDamaged
	}
	if p.node++; depth > DepthMax || p.node > FieldsMax {
		return ErrLimit
	}
	if dictionary.at != 0 { // its indexes; the children are those of the dictionary
		p.buffer += 2
		return nil
	}
	p.buffer += buffersOf[number]
	if number == typeBinaryView || number == typeUtf8View {
		p.views++
	}
	if number == typeUnion {
		if flat.u16In(flat.tableIn(field, 3), 0) == dense {
			p.buffer++
		}
		if version == version4 { // which has a validity for it
			p.buffer++
		}
	}
	children := flat.vectorIn(field, 5, 4)
	for i := range children.count {
		if err := p.pass(flat, flat.element(children, i), version, depth+1); err != nil {
			return err
		}
	}
	if flat.isDamaged {
		return ErrDamaged
	}
	return nil
}

// typeOf gives kind and bytes of a field's values. Errors: ErrDamaged, ErrType.
func typeOf(flat *flat, field table) (Kind, uint64, error) {
	dictionary := flat.tableIn(field, 4)
	parameters := flat.tableIn(field, 3)
	var bits uint64
	kind := Unsigned
	switch flat.u8In(field, 2) {
	case typeInt:
		bits = flat.u32In(parameters, 0)
		if flat.u8In(parameters, 1) != 0 {
			kind = Signed
		}
	case typeFloat:
		kind = Float
		if precision := flat.u16In(parameters, 0); precision == 1 || precision == 2 { // single, double; 0 is half
			bits = 32 * precision
		}
	}
	if flat.isDamaged {
		return 0, 0, ErrDamaged
	}
	isPlain := bits == 8 || bits == 16 || bits == 32 || bits == 64
	if dictionary.at != 0 || !isPlain {
		return 0, 0, ErrType
	}
	return kind, bits / 8, nil
}
