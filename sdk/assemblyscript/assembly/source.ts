// Sources and what is mapped of them: windows to read, private windows, outputs to write.
//
// What cannot be had is an empty object whose `code` says why; mapping a source that failed fails with its code, so that one check
// at the end of a chain is enough. There are no destructors: a window stays mapped until unmap() or until the invocation ends.
import { E_ABSENT, E_RANGE, MAP_PRIVATE, PART_PARAMETER, host } from "./abi";
import { NAME_BYTES_MAX, Request } from "./request";
import { MutableView, OUT, REST, View, bytesOf } from "./view";

/** The pages of an input, read-only: a store into them ends the invocation. At least 64 bytes after its end are readable. */
export class Window extends View {
  constructor(address: usize, length: u32) {
    super(address, length);
  }

  /**
   * Moves the window over its source so that it shows another piece; views into it are void. Returns 0. Errors: those of
   * inlay_move; after E_NO_ROOM, E_LIMIT and E_IO the window is gone, after others it is as it was. Cost: one step of the host if the
   * length stays and the offset moves by a multiple of 2 MiB.
   */
  move(offset: u64, length: u32): i32 {
    const code = host.move(this.address, offset, length, OUT);
    if (code < 0) return code;
    this.address = load<u32>(OUT);
    this.length = load<u32>(OUT, 4);
    return 0;
  }

  /** Takes the window away; views into it are void. What was responded or published from it is not lost. */
  unmap(): void {
    unmapAt(this.address);
    this.address = 0;
    this.length = 0;
  }
}

/** Input that may be written, for this invocation alone. Its whole length counts as the function's own memory. */
export class PrivateWindow extends MutableView {
  constructor(address: usize, length: u32) {
    super(address, length);
  }

  unmap(): void {
    unmapAt(this.address);
    this.address = 0;
    this.length = 0;
  }
}

/** Pages to be written once and then responded or published by reference. */
export class Output extends MutableView {
  constructor(address: usize, length: u32) {
    super(address, length);
  }

  /** All zero. Length 0 gives an empty output without a window. Errors: those of inlay_output. */
  static create(length: u64): Output {
    const code = length == 0 ? 0 : host.output(length, OUT);
    if (length == 0 || code < 0) {
      const none = new Output(0, 0);
      none.code = code;
      return none;
    }
    return new Output(load<u32>(OUT), load<u32>(OUT, 4));
  }

  unmap(): void {
    unmapAt(this.address);
    this.address = 0;
    this.length = 0;
  }
}

function unmapAt(address: usize): void {
  if (address != 0) host.unmap(address);
}

/** The request body, one version of an object, an input or a piece of the result of a call. */
export class Source {
  /** 0, or the code E_* of what failed. */
  code: i32 = 0;

  constructor(
    public id: u32,
    /** Bytes. */
    public size: u64,
  ) {}

  private static from(code: i32): Source {
    if (code >= 0) return new Source(load<u32>(OUT), load<u64>(OUT, 8));
    const none = new Source(0, 0);
    none.code = code;
    return none;
  }

  /** The request body. Errors: E_DENIED (a stream's body is received). */
  static body(): Source {
    return Source.from(host.body(OUT));
  }

  /** The current version of the object "BUCKET/KEY", named by a string or a View. Errors: those of inlay_open. */
  static object<T>(name: T): Source {
    const bytes = bytesOf(name);
    return Source.from(host.open(bytes.address, bytes.length, OUT));
  }

  /** An input that the caller of this function gave. Errors: those of inlay_call_input. */
  static callInput(index: u32): Source {
    return Source.from(host.call_input(index, OUT));
  }

  /** The object named by the query parameter "object", or else the request body. Errors: those of inlay_open. */
  static input(): Source {
    const name = Request.part(PART_PARAMETER, "object", NAME_BYTES_MAX);
    if (name.code == E_ABSENT) return Source.body();
    return name.failed ? Source.from(name.code) : Source.object(name);
  }

  get failed(): bool {
    return this.code < 0;
  }

  private mapRange(offset: u64, length: u64, flags: u32): i32 {
    if (this.code < 0) return this.code;
    if (offset > this.size) return E_RANGE;
    return host.map(this.id, offset, length == REST ? this.size - offset : length, flags, OUT);
  }

  /** Maps a piece. Errors: those of inlay_map. */
  map(offset: u64 = 0, length: u64 = REST, flags: u32 = 0): Window {
    const code = this.mapRange(offset, length, flags & ~MAP_PRIVATE);
    if (code >= 0) return new Window(load<u32>(OUT), load<u32>(OUT, 4));
    const none = new Window(0, 0);
    none.code = code;
    return none;
  }

  /** Maps a piece to be written. Errors: those of inlay_map. */
  mapPrivate(offset: u64 = 0, length: u64 = REST): PrivateWindow {
    const code = this.mapRange(offset, length, MAP_PRIVATE);
    if (code >= 0) return new PrivateWindow(load<u32>(OUT), load<u32>(OUT, 4));
    const none = new PrivateWindow(0, 0);
    none.code = code;
    return none;
  }

  /** Asks for at most 64 MiB of the source to be read in from disk, without waiting. A hint. */
  prefetch(offset: u64, length: u64): void {
    host.prefetch(this.id, offset, length);
  }

  /** Lets the source go. Its windows stay, but cannot be moved. */
  close(): void {
    host.close(this.id);
  }
}

/** The whole input. Errors: those of Source.input and Source.map. */
export function mapInput(): Window {
  return Source.input().map();
}
