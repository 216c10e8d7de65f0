// A function's memory as its host sees it: windows are placed in what the host grows, as Inlay does, but filled by copying.
//
// What Inlay leaves undefined is poison here: the bytes around a window, and a window that was taken away.

const PAGE_BYTES = 65536;
const OVER_READ_BYTES = 64;
const POISON = 0xa5;

export class GuestMemory {
  /** Address -> { begin, length, bytes (those it was filled with), writable, ... }; `last` is what it held when it went. */
  windows = new Map();
  /** Bytes of memory that windows have taken. */
  grownByHost = 0;
  /** All places that windows have ever had: [begin, end). */
  areas = [];

  attach(memory) {
    this.memory = memory;
  }

  /** Everything, as it is now. Void after the next growth. */
  all() {
    return new Uint8Array(this.memory.buffer);
  }

  /** Bytes of memory that are no area of windows: the function's own. */
  get ownBytes() {
    return this.memory.buffer.byteLength - this.grownByHost;
  }

  view() {
    return new DataView(this.memory.buffer);
  }

  isInside(address, length) {
    return address + length <= this.memory.buffer.byteLength;
  }

  /** A copy of the guest's bytes, which a function may change afterwards. */
  read(address, length) {
    return this.all().slice(address, address + length);
  }

  /** Places bytes in memory that grows for them; the place within 4 KiB is that of `offset`. Returns the address, or null: no room. */
  place(bytes, { offset = 0, writable = false, ...more } = {}) {
    const begin = this.memory.buffer.byteLength;
    const lead = offset % 4096;
    const pages = Math.ceil((lead + bytes.length + OVER_READ_BYTES) / PAGE_BYTES);
    try {
      this.memory.grow(pages);
    } catch {
      return null;
    }
    this.grownByHost += pages * PAGE_BYTES;
    this.areas.push([begin, begin + pages * PAGE_BYTES]);
    const all = this.all();
    all.fill(POISON, begin, begin + pages * PAGE_BYTES);
    all.set(bytes, begin + lead);
    this.windows.set(begin + lead, { begin: begin + lead, bytes, length: bytes.length, offset, writable, ...more });
    return begin + lead;
  }

  /** Takes a window away. A store into one that was only to be read is a fault of the function. */
  remove(address) {
    const window = this.windows.get(address);
    this.check(address, window);
    this.windows.delete(address);
    window.last = this.read(address, window.length);
    this.all().fill(POISON, address, address + window.length);
  }

  /** Shows other bytes in the same place. Requires: as many, with the same place within 4 KiB. */
  replace(address, bytes, offset) {
    const window = this.windows.get(address);
    this.remove(address);
    this.all().set(bytes, address);
    this.windows.set(address, { ...window, bytes, offset, last: undefined });
  }

  check(address, window) {
    if (window.writable) return;
    const now = Buffer.from(this.memory.buffer, address, window.length);
    if (!now.equals(window.bytes)) throw new Error(`the function has written into the input window at ${address}`);
  }

  checkAll() {
    for (const [address, window] of this.windows) this.check(address, window);
  }

  /** The window in which a range lies whole, and which goes by reference; undefined: it is the function's own memory. */
  windowOf(address, length) {
    for (const [begin, window] of this.windows) {
      if (address >= begin && address + length <= begin + window.length && !window.isPrivate) return window;
    }
    return undefined;
  }
}
