// Columns of an Arrow IPC file, seen where they lie: its footer, and its record batches. Each offset and length is checked before it is
// followed, and the work is bounded by the size of the file.
//
// The format: Columnar.html of arrow.apache.org, with File.fbs, Message.fbs and Schema.fbs.
import { Flat, Table, Vector } from "./flat";

export const NOT_A_FILE: i32 = -1;
export const BIG_ENDIAN: i32 = -2;
export const DAMAGED: i32 = -3;
export const COMPRESSED: i32 = -4;
export const LIMIT: i32 = -5;
/** This and what is below is about the column. */
export const NO_COLUMN: i32 = -6;
export const TYPE: i32 = -7;

export const SIGNED: u32 = 1;
export const UNSIGNED: u32 = 2;
export const FLOAT: u32 = 3;

const FIELDS_MAX: u32 = 65536;
const DEPTH_MAX: u32 = 64;
const BLOCK_BYTES: u32 = 24;
const V4: u32 = 3;
const V5: u32 = 4;
const RECORD_BATCH: u32 = 3;
// Of Schema.fbs.
const TYPE_INT: u32 = 2;
const TYPE_FLOAT: u32 = 3;
const TYPE_UNION: u32 = 14;
const TYPE_BINARY_VIEW: u32 = 23;
const TYPE_UTF8_VIEW: u32 = 24;
const TYPE_LAST: u32 = 26;
const UNION_DENSE: u32 = 1;
/** By type: the buffers that a field has in a batch; views have more, whose number stands in the batch. */
const BUFFERS = memory.data<u8>([0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3]);

export function wordsOf(code: i32): string {
  switch (code) {
    case NOT_A_FILE: return "this is not an Arrow IPC file of format version 4 or 5";
    case BIG_ENDIAN: return "it is big-endian, and only little-endian ones are read";
    case COMPRESSED: return "its columns are compressed: write it without compression";
    case LIMIT: return "it has too many columns, or they are nested too deeply";
    case NO_COLUMN: return "the file has no such column";
    case TYPE: return "this is no plain column of whole numbers or floats of 8 to 64 bits";
    default: return "it is damaged: an offset or a length in it does not fit";
  }
}

function isMagic(at: usize): bool {
  return load<u32>(at) == 0x4f525241 && load<u16>(at, 4) == 0x3157; // "ARRO" "W1"
}

export class ArrowFile {
  /** 0, or what is wrong with it. */
  code: i32 = 0;
  /** The footer. */
  flat: Flat = new Flat(0, 0);
  fields: Vector = new Vector();
  batches: Vector = new Vector();
  version: u32 = 0;

  constructor(
    public address: usize,
    public bytes: u64,
  ) {
    this.code = this.open();
  }

  private open(): i32 {
    const whole = new Flat(this.address, this.bytes);
    if (this.bytes < 18 || !isMagic(this.address) || !isMagic(this.address + <usize>this.bytes - 6)) return NOT_A_FILE;
    const footerBytes = <u64>whole.value<u32>(this.bytes - 10);
    if (footerBytes > this.bytes - 18) return DAMAGED;
    const flat = new Flat(this.address + <usize>(this.bytes - 10 - footerBytes), footerBytes);
    const footer = flat.root();
    const schema = flat.tableIn(footer, 1);
    const endianness = flat.field<u16>(schema, 0);
    this.version = flat.field<u16>(footer, 0);
    this.fields = flat.vectorIn(schema, 1, 4);
    this.batches = flat.vectorIn(footer, 3, BLOCK_BYTES);
    this.flat = flat;
    if (flat.isDamaged || schema.at == 0) return DAMAGED;
    if (this.version != V4 && this.version != V5) return NOT_A_FILE;
    return endianness == 0 ? 0 : BIG_ENDIAN;
  }
}

/** The rows of a column in one batch: next() goes from one batch that has any to the next. */
export class Column {
  /** 0, or what is wrong with it. */
  code: i32;
  /** SIGNED, UNSIGNED or FLOAT. */
  kind: u32 = 0;
  valueBytes: u32 = 0;

  /** Where the values lie in memory. */
  values: usize = 0;
  /** A bit for each row, from the lowest on; 0: null. Address 0: no row is. */
  validity: usize = 0;
  rows: u64 = 0;

  // Where it stands in each batch.
  private node: u32 = 0;
  private buffer: u32 = 0;
  private views: u32 = 0;
  private batch: u32 = 0;
  /** Heads and values that can still come: no more than the file has bytes. */
  private bytesLeft: u64;

  constructor(private file: ArrowFile, name: usize, nameBytes: u32) {
    this.bytesLeft = file.bytes;
    this.code = file.code;
    if (this.code == 0) this.code = this.find(name, nameBytes);
  }

  private find(name: usize, nameBytes: u32): i32 {
    const flat = this.file.flat;
    for (let i: u32 = 0; i < this.file.fields.count; i++) {
      const field = flat.tableOf(this.file.fields, i);
      const called = flat.vectorIn(field, 0, 1);
      if (flat.isDamaged) return DAMAGED;
      if (called.count == nameBytes && memory.compare(flat.address + <usize>called.at, name, nameBytes) == 0) {
        return this.readType(flat, field);
      }
      const code = this.pass(flat, field, 1);
      if (code < 0) return code;
    }
    return NO_COLUMN;
  }

  /** Adds to the column's place what a field and its children have in a batch. */
  private pass(flat: Flat, field: Table, depth: u32): i32 {
    const dictionary = flat.tableIn(field, 4);
    const type = <u32>flat.field<u8>(field, 2);
    if (flat.isDamaged || type == 0 || type > TYPE_LAST) return DAMAGED;
    if (depth > DEPTH_MAX || ++this.node > FIELDS_MAX) return LIMIT;
    if (dictionary.at != 0) {
      this.buffer += 2; // indexes; the children are those of the dictionary
      return 0;
    }
    this.buffer += load<u8>(BUFFERS + type);
    this.views += u32(type == TYPE_BINARY_VIEW || type == TYPE_UTF8_VIEW);
    if (type == TYPE_UNION) {
      const mode = <u32>flat.field<u16>(flat.tableIn(field, 3), 0);
      this.buffer += u32(mode == UNION_DENSE) + u32(this.file.version == V4); // version 4 has a validity for it
    }
    const children = flat.vectorIn(field, 5, 4);
    for (let i: u32 = 0; i < children.count; i++) {
      const code = this.pass(flat, flat.tableOf(children, i), depth + 1);
      if (code < 0) return code;
    }
    return flat.isDamaged ? DAMAGED : 0;
  }

  private readType(flat: Flat, field: Table): i32 {
    const dictionary = flat.tableIn(field, 4);
    const table = flat.tableIn(field, 3);
    const type = <u32>flat.field<u8>(field, 2);
    let bits: u32 = 0;
    if (type == TYPE_INT) {
      bits = flat.field<u32>(table, 0);
      this.kind = flat.field<u8>(table, 1) != 0 ? SIGNED : UNSIGNED;
    } else if (type == TYPE_FLOAT) {
      const precision = <u32>flat.field<u16>(table, 0); // 0: half, 1: single, 2: double
      bits = precision == 1 || precision == 2 ? 32 * precision : 0;
      this.kind = FLOAT;
    }
    this.valueBytes = bits / 8;
    if (flat.isDamaged) return DAMAGED;
    if (dictionary.at != 0) return TYPE;
    return bits == 8 || bits == 16 || bits == 32 || bits == 64 ? 0 : TYPE;
  }

  /** Whether there is a further batch with rows, or neither the end nor a failure. */
  next(): bool {
    this.rows = 0;
    while (this.code == 0 && this.rows == 0 && this.batch < this.file.batches.count) {
      this.code = this.read();
      this.batch++;
    }
    return this.code == 0 && this.rows != 0;
  }

  /** Reads the head of a batch. */
  private read(): i32 {
    const file = this.file;
    const footer = file.flat;
    const block = file.batches.at + <u64>BLOCK_BYTES * this.batch;
    const offset = footer.value<u64>(block);
    const headBytes = <u64>footer.value<u32>(block + 8);
    const bodyBytes = footer.value<u64>(block + 16);
    if (offset > file.bytes || headBytes > file.bytes - offset || bodyBytes > file.bytes - offset - headBytes) return DAMAGED;
    // Since 0.15 of Arrow a head begins with ff ff ff ff.
    const start = new Flat(file.address + <usize>offset, headBytes);
    const prefix: u64 = start.value<u32>(0) == u32.MAX_VALUE ? 8 : 4;
    const bytes = <u64>start.value<u32>(prefix - 4);
    if (start.isDamaged || headBytes < prefix || bytes > headBytes - prefix) return DAMAGED;
    const head = new Flat(start.address + <usize>prefix, bytes);
    const message = head.root();
    const kind = <u32>head.field<u8>(message, 1);
    const table = head.tableIn(message, 2);
    const compression = head.tableIn(table, 3);
    if (head.isDamaged || table.at == 0 || kind != RECORD_BATCH) return DAMAGED;
    if (compression.at != 0) return COMPRESSED;
    return this.readRows(head, table, start.address + <usize>headBytes, bodyBytes);
  }

  private readRows(head: Flat, table: Table, body: usize, bodyBytes: u64): i32 {
    const nodes = head.vectorIn(table, 1, 16);
    const rows = head.field<u64>(table, 0);
    if (head.isDamaged || this.node >= nodes.count) return DAMAGED;
    const node = nodes.at + 16 * <u64>this.node;
    const nulls = head.value<u64>(node + 8);
    const buffer = this.buffer + this.viewBuffers(head, table);
    if (head.isDamaged || head.value<u64>(node) != rows || nulls > rows) return DAMAGED;
    // Neither heads nor values of different batches overlap: who says so would have the same bytes read for ever.
    if (head.bytes > this.bytesLeft) return DAMAGED;
    this.bytesLeft -= head.bytes;
    if (rows > this.bytesLeft / this.valueBytes) return DAMAGED;
    this.bytesLeft -= rows * this.valueBytes;
    if (rows == 0) return 0;
    const buffers = head.vectorIn(table, 2, 16);
    this.values = bufferAt(head, buffers, buffer + 1, rows * this.valueBytes, body, bodyBytes);
    this.validity = nulls != 0 ? bufferAt(head, buffers, buffer, (rows + 7) / 8, body, bodyBytes) : 0;
    if (this.values == 0 || (nulls != 0 && this.validity == 0)) return DAMAGED;
    this.rows = rows;
    return 0;
  }

  /** How many buffers the columns of views before this one have besides their two. */
  private viewBuffers(head: Flat, table: Table): u64 {
    let sum: u64 = 0;
    if (this.views == 0) return 0;
    const counts = head.vectorIn(table, 4, 8);
    if (counts.count < this.views) head.isDamaged = true;
    for (let i: u32 = 0; i < min(this.views, counts.count); i++) {
      const count = head.value<u64>(counts.at + 8 * <u64>i);
      if (count > head.bytes) head.isDamaged = true; // each takes 16 bytes there; and no sum overflows
      sum += count;
    }
    return sum;
  }
}

/** Where a buffer of at least `need` bytes lies; 0: there is none. */
function bufferAt(head: Flat, buffers: Vector, number: u64, need: u64, body: usize, bodyBytes: u64): usize {
  if (number >= buffers.count) return 0;
  const offset = head.value<u64>(buffers.at + 16 * number);
  const length = head.value<u64>(buffers.at + 16 * number + 8);
  if (offset > bodyBytes || length > bodyBytes - offset || need > length) return 0;
  return body + <usize>offset;
}
