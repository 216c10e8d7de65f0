// View: bytes where they lie. In a window, in an output or in the function's own memory; nothing is copied to make one.

/** As a length: up to the end of the source. */
export const REST: u64 = u64.MAX_VALUE;

/** Where the host writes what it answers with; each call reads it at once. */
export const OUT: usize = memory.data(32, 8);

/**
 * A borrowed piece of memory that is only read, or the code of the failure to get one; then it is empty. Valid as long as what it
 * lies in: until its window is unmapped or moved, or for ever if that is own memory that is `held`.
 *
 * Cost: each use of an object writes it to the collector's stack. Hot loops take `address` and `length` as numbers.
 */
export class View {
  /** 0, or the code E_* of what failed. */
  code: i32 = 0;
  /** Keeps own memory, in which the bytes lie, from the collector. */
  held: ArrayBuffer | null = null;

  constructor(
    /** Where the bytes begin. Of an empty view it may be 0. */
    public address: usize,
    /** Bytes. */
    public length: u32,
  ) {}

  static failure(code: i32): View {
    const view = new View(0, 0);
    view.code = code;
    return view;
  }

  /** UTF-8 of a string. Copies the string, into own memory. */
  static of(text: string): View {
    const buffer = String.UTF8.encode(text);
    const view = new View(changetype<usize>(buffer), <u32>buffer.byteLength);
    view.held = buffer;
    return view;
  }

  get failed(): bool {
    return this.code < 0;
  }

  /** Just past the last byte. */
  get end(): usize {
    return this.address + this.length;
  }

  /** The value at a byte offset, which need not be aligned. Not checked: may look up to 64 bytes past a window. */
  @inline
  load<T>(offset: u32 = 0): T {
    return load<T>(this.address + offset);
  }

  /** 16 bytes at an offset. Not checked, as load. */
  @inline
  v128(offset: u32 = 0): v128 {
    return v128.load(this.address + offset);
  }

  /** The byte at an index; an index outside ends the invocation. */
  @operator("[]")
  get(index: u32): u8 {
    if (index >= this.length) throw new RangeError("View: the index is outside");
    return load<u8>(this.address + index);
  }

  /** A part of this view; one that is not inside ends the invocation. */
  piece(offset: u32, length: u32): View {
    if (offset > this.length || length > this.length - offset) throw new RangeError("View: the piece is outside");
    const view = new View(this.address + offset, length);
    view.held = this.held;
    return view;
  }

  equals(other: View): bool {
    return this.length == other.length && memory.compare(this.address, other.address, this.length) == 0;
  }

  /** The bytes, read as UTF-8. Copies them: for names and numbers, not for content. */
  text(): string {
    return String.UTF8.decodeUnsafe(this.address, this.length);
  }

  /**
   * A typed array over the same bytes, as many whole elements as there are; no copy. Valid as long as this view. In a window it
   * has no ArrayBuffer: its `buffer` and `byteOffset` must not be used, nor what uses them (DataView, wrap). More than 2 GiB end the
   * invocation.
   */
  typed<T extends ArrayBufferView>(): T {
    if (this.length > <u32>i32.MAX_VALUE) throw new RangeError("View: too long for a typed array");
    const array = changetype<T>(__new(offsetof<T>(), idof<T>()));
    const size = <u32>sizeof<valueof<T>>();
    store<usize>(changetype<usize>(array), this.address, offsetof<ArrayBufferView>("dataStart"));
    store<i32>(changetype<usize>(array), <i32>(this.length - this.length % size), offsetof<ArrayBufferView>("byteLength"));
    const held = changetype<usize>(this.held);
    store<usize>(changetype<usize>(array), held, offsetof<ArrayBufferView>("buffer"));
    __link(changetype<usize>(array), held, false);
    return array;
  }
}

/** Bytes that may be written too: an output, or a private window. */
export class MutableView extends View {
  /** Sets the value at a byte offset, which need not be aligned. Not checked. */
  @inline
  store<T>(offset: u32, value: T): void {
    store<T>(this.address + offset, value);
  }

  /** Sets 16 bytes at an offset. Not checked. */
  @inline
  setV128(offset: u32, value: v128): void {
    v128.store(this.address + offset, value);
  }

  /** Sets the byte at an index; an index outside ends the invocation. */
  @operator("[]=")
  set(index: u32, value: u8): void {
    if (index >= this.length) throw new RangeError("View: the index is outside");
    store<u8>(this.address + index, value);
  }
}

/** Bytes of a text: of a string as UTF-8, of a View where they lie. */
export function bytesOf<T>(text: T): View {
  if (isString<T>()) return View.of(changetype<string>(text));
  return changetype<View>(text);
}
