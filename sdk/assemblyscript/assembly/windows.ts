// Sources of any size, seen piece by piece in constant address space: as windows, as records, as lines.
//
//     const windows = new Windows(source);
//     while (windows.next()) count(windows.view);
//     if (windows.failed) return failParameter(windows.code, "object");
//
// One window moves over the source; while a piece is worked on, the next one is read in from disk. Windows begin at `offset` and
// whole multiples of 2 MiB behind it, so that moving one costs a single step of the host, and huge pages serve it. What begins
// between (a line, a record that the border cut) is seen again from there, with up to 2 MiB before it.
import { E_ARGUMENT, E_LIMIT, E_RANGE } from "./abi";
import { Source, Window } from "./source";
import { REST, View } from "./view";

export const WINDOW_BYTES: u32 = 64 << 20;
const STEP_BYTES: u32 = 2 << 20;
/** What a window holds of a line or record wherever in it that begins. */
export const UNIT_BYTES_MAX: u32 = WINDOW_BYTES - STEP_BYTES;

export class Windows {
  /** 0, or the code E_* of what ended it early. */
  code: i32 = 0;
  /** What next() has found, valid until it is called again. */
  view: View = new View(0, 0);
  /** @internal Where the next view begins. */
  at: u64;
  /** @internal */
  readonly end: u64;
  private window: Window = new Window(0, 0);

  /**
   * `unit`: bytes that are not cut; views are whole multiples of it, and only the last one may end in a part of one. Maps nothing
   * yet. Errors: that of the source; E_RANGE; E_ARGUMENT (a unit of 0 or more than UNIT_BYTES_MAX).
   */
  constructor(
    private source: Source,
    private offset: u64 = 0,
    length: u64 = REST,
    private unit: u32 = 1,
  ) {
    const outside = offset > source.size || (length != REST && length > source.size - offset);
    this.at = offset;
    this.end = outside ? offset : length == REST ? source.size : offset + length;
    if (source.failed) this.code = source.code;
    else if (outside) this.code = E_RANGE;
    else if (unit == 0 || unit > UNIT_BYTES_MAX) this.code = E_ARGUMENT;
  }

  get failed(): bool {
    return this.code < 0;
  }

  /** Whether there is a further view, or neither the end nor a failure. Errors: those of inlay_map. */
  next(): bool {
    if (this.code < 0) return false;
    if (this.at == this.end) {
      this.stop();
      return false;
    }
    const ahead = <u32>((this.at - this.offset) % STEP_BYTES);
    this.code = this.show(this.at - ahead);
    if (this.code < 0) return false;
    let size = this.window.length - ahead;
    if (size != this.end - this.at) size -= size % this.unit;
    this.view = new View(this.window.address + ahead, size);
    this.at += size;
    return true;
  }

  /** Takes the window away. For who stops early; at the end it has been done. */
  stop(): void {
    this.window.unmap();
  }

  /** Moves the window to `start`, and asks for what follows it. */
  private show(start: u64): i32 {
    const left = this.end - start;
    const length = min<u64>(left, WINDOW_BYTES);
    if (this.window.length != 0) {
      const code = this.window.move(start, <u32>length);
      if (code < 0) return code;
    } else {
      this.window = this.source.map(start, length);
      if (this.window.failed) return this.window.code;
    }
    if (left > length) this.source.prefetch(start + length, min<u64>(left - length, WINDOW_BYTES));
    return 0;
  }
}

/** Line by line; a last line without a newline counts, an empty one does not. */
export class Lines {
  /** What next() has found, without its newline; valid until it is called again. */
  line: View = new View(0, 0);
  private windows: Windows;
  private rest: usize = 0;
  private left: u32 = 0;
  private tooLong: bool = false;

  constructor(source: Source, offset: u64 = 0, length: u64 = REST) {
    this.windows = new Windows(source, offset, length);
  }

  /** 0, or the code E_* of what ended it early. E_LIMIT: a line is longer than UNIT_BYTES_MAX (use Windows for such text). */
  get code(): i32 {
    return this.tooLong ? E_LIMIT : this.windows.code;
  }

  get failed(): bool {
    return this.code < 0;
  }

  next(): bool {
    const windows = this.windows;
    if (this.failed) return false;
    let length = lineLength(this.rest, this.left);
    if (length == this.left && (windows.at < windows.end || length == 0)) {
      // The window's border cuts this line, or none is begun: it is seen whole from its beginning.
      windows.at -= length;
      if (!windows.next()) return false;
      this.rest = windows.view.address;
      this.left = windows.view.length;
      length = lineLength(this.rest, this.left);
      if (length == this.left && windows.at < windows.end) {
        windows.stop();
        this.tooLong = true;
        return false;
      }
    }
    this.line = new View(this.rest, length);
    const used = length < this.left ? length + 1 : length;
    this.rest += used;
    this.left -= used;
    return true;
  }

  /** Takes the window away. For who stops early. */
  stop(): void {
    this.windows.stop();
  }
}

/** Bytes before the first newline, or all of them. Loads up to 15 bytes past the end. */
export function lineLength(address: usize, size: u32): u32 {
  const newline = i8x16.splat(0x0a);
  for (let i: u32 = 0; i < size; i += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(address + i), newline));
    if (found) return min<u32>(i + ctz(found), size);
  }
  return size;
}
