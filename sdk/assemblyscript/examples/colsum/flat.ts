// Tables of a FlatBuffer that anybody may have written, as the reader of Arrow files needs them.
//
// A position is an offset from the beginning of the buffer; 0 is none, because there the root's offset lies. What does not lie inside
// sets `isDamaged` and reads as 0 or as none: a reader looks at that once, before it uses what it has read. Nothing is aligned for sure.

export class Table {
  /** 0: there is none, and all its fields are absent. */
  at: u64 = 0;
  vtable: u64 = 0;
  vtableBytes: u32 = 0;
  bytes: u32 = 0;
}

export class Vector {
  constructor(
    /** Of the first element. */
    public at: u64 = 0,
    public count: u32 = 0,
  ) {}
}

export class Flat {
  isDamaged: bool = false;

  constructor(
    /** Where the buffer lies in memory. */
    public address: usize,
    public bytes: u64,
  ) {}

  holds(at: u64, bytes: u64): bool {
    if (at <= this.bytes && bytes <= this.bytes - at) return true;
    this.isDamaged = true;
    return false;
  }

  /** The little-endian value at a position; 0 where it does not lie inside. */
  value<T>(at: u64): T {
    return this.holds(at, sizeof<T>()) ? load<T>(this.address + <usize>at) : <T>0;
  }

  /** The table that begins there. */
  table(at: u64): Table {
    const table = new Table();
    if (at == 0) return table;
    // A distance that leads before the beginning wraps to a position beyond the end.
    const vtable = at - <u64>(<i64>this.value<i32>(at));
    const vtableBytes = <u32>this.value<u16>(vtable);
    if (!this.holds(vtable, 4)) return table;
    const bytes = <u32>this.value<u16>(vtable + 2);
    if (vtableBytes < 4 || bytes < 4) this.isDamaged = true;
    if (!this.holds(vtable, vtableBytes) || !this.holds(at, bytes) || this.isDamaged) return table;
    table.at = at;
    table.vtable = vtable;
    table.vtableBytes = vtableBytes;
    table.bytes = bytes;
    return table;
  }

  root(): Table {
    const at = <u64>this.value<u32>(0);
    if (at == 0) this.isDamaged = true;
    return this.table(at);
  }

  /** Where the offset that lies there leads; 0 leads to 0. */
  follow(at: u64): u64 {
    if (at == 0) return 0;
    const target = at + <u64>this.value<u32>(at);
    return this.holds(target, 4) ? target : 0;
  }

  /** Where a field of so many bytes lies; 0: it is absent. */
  private fieldAt(table: Table, number: u32, bytes: u32): u64 {
    const slot: u32 = 4 + 2 * number;
    if (slot + 2 > table.vtableBytes) return 0;
    const offset = <u32>this.value<u16>(table.vtable + slot);
    if (offset == 0) return 0;
    if (offset < 4 || offset + bytes > table.bytes) {
      this.isDamaged = true;
      return 0;
    }
    return table.at + offset;
  }

  /** The value of a field; 0 where it is absent. */
  field<T>(table: Table, number: u32): T {
    const at = this.fieldAt(table, number, sizeof<T>());
    return at != 0 ? this.value<T>(at) : <T>0;
  }

  tableIn(table: Table, number: u32): Table {
    return this.table(this.follow(this.fieldAt(table, number, 4)));
  }

  /** A vector whose elements have so many bytes; empty where it is absent. */
  vectorIn(table: Table, number: u32, elementBytes: u32): Vector {
    const at = this.follow(this.fieldAt(table, number, 4));
    if (at == 0) return new Vector();
    const count = this.value<u32>(at);
    return this.holds(at + 4, <u64>count * elementBytes) ? new Vector(at + 4, count) : new Vector();
  }

  /** The table that element `index` of a vector leads to. */
  tableOf(vector: Vector, index: u32): Table {
    return this.table(this.follow(vector.at + 4 * <u64>index));
  }
}
