// Maps first and allocates afterwards, counting what of its heap lies in windows. Does not use the package, so that it can be built
// with other runtimes too.
//
// Answers with eight u32: allocations, those that touch a window, damaged ones, changed bytes of the input, of the output, KiB that the
// heap has grown by (0: not known), pages of memory, windows mapped.
//
// `mib`: how much to allocate; `warm=1`: allocate once before the first window.

// @ts-ignore: decorator
@external("inlay", "request")
declare function request(part: u32, name: usize, nameLength: u32, buffer: usize, capacity: u32): i32;
// @ts-ignore: decorator
@external("inlay", "body")
declare function body(out: usize): i32;
// @ts-ignore: decorator
@external("inlay", "map")
declare function map(source: u32, offset: u64, length: u64, flags: u32, out: usize): i32;
// @ts-ignore: decorator
@external("inlay", "unmap")
declare function unmap(address: usize): i32;
// @ts-ignore: decorator
@external("inlay", "output")
declare function output(length: u64, out: usize): i32;
// @ts-ignore: decorator
@external("inlay", "respond")
declare function respond(ranges: usize, count: u32): i32;

const PART_PARAMETER: u32 = 5;
const OBJECT_HEADER: usize = 20;
const PIECE_BYTES: u64 = 300_000;
const WINDOWS_MAX: u32 = 64;

const source: usize = memory.data(16);
const answer: usize = memory.data(32);
const range: usize = memory.data(8);
/** u32 pairs: address and length of a window; length 0: unmapped. */
const windows: usize = memory.data(512);
let windowCount: u32 = 0;
let dice: u32 = 2463534242;

function roll(): u32 {
  dice ^= dice << 13;
  dice ^= dice >> 17;
  dice ^= dice << 5;
  return dice;
}

// @ts-ignore: decorator
@inline function digits(first: u32, second: u32, third: u32, fourth: u32, length: u32): u32 {
  const name = memory.data(4);
  const value = memory.data(16);
  store<u32>(name, first | second << 8 | third << 16 | fourth << 24);
  const size = request(PART_PARAMETER, name, length, value, 16);
  let number: u32 = 0;
  for (let i = 0; i < size; i++) number = number * 10 + load<u8>(value + i) - 48;
  return number;
}

function keep(): void {
  store<u64>(windows + windowCount * 8, load<u64>(range));
  windowCount++;
}

function mapPiece(size: u64): void {
  if (windowCount == WINDOWS_MAX || size < PIECE_BYTES) return;
  const offset = roll() % <u32>(size - PIECE_BYTES + 1);
  if (map(load<u32>(source), offset, PIECE_BYTES, 0, range) == 0) keep();
}

function unmapOne(): void {
  if (windowCount < 4) return;
  const window = windows + (2 + roll() % (windowCount - 2)) * 8;
  if (load<u32>(window, 4) == 0) return;
  unmap(load<u32>(window));
  // What was a window once is the host's for ever: its area stays in the table with its address, and serves later windows.
  store<u32>(window, 0, 4);
}

function touchesWindow(begin: usize, end: usize): bool {
  for (let i: u32 = 0; i < windowCount; i++) {
    const address = <usize>load<u32>(windows + i * 8);
    const size = max<usize>(load<u32>(windows + i * 8, 4), 1);
    if (begin < address + size && end > address) return true;
  }
  return false;
}

function sumOf(address: usize, length: u32): u64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < length; i++) sum = sum * 31 + load<u8>(address + i);
  return sum;
}

function count(slot: u32): void {
  store<u32>(answer + slot * 4, load<u32>(answer + slot * 4) + 1);
}

function isDamaged(buffer: ArrayBuffer): bool {
  const at = changetype<usize>(buffer);
  for (let i = 0; i < buffer.byteLength; i++) if (load<u8>(at + i) != <u8>(buffer.byteLength)) return true;
  return false;
}

function allocate(bytes: u64, size: u64): void {
  const kept = new StaticArray<ArrayBuffer | null>(4096);
  let at = 0;
  for (let done: u64 = 0; done < bytes; ) {
    const length = roll() % 8 == 0 ? 1 + roll() % 200_000 : 1 + roll() % 600;
    const buffer = new ArrayBuffer(length);
    const address = changetype<usize>(buffer);
    count(0);
    if (touchesWindow(address - OBJECT_HEADER, address + length)) {
      count(1);
      return;
    }
    memory.fill(address, <u8>length, length);
    const slot = at++ % 4096;
    const old = kept[slot];
    if (old && isDamaged(old)) count(2);
    kept[slot] = roll() % 3 == 0 ? null : buffer;
    done += length;
    if (roll() % 400 == 0) mapPiece(size);
    if (roll() % 500 == 0) unmapOne();
  }
  for (let i = 0; i < kept.length; i++) {
    const buffer = kept[i];
    if (buffer && isDamaged(buffer)) count(2);
  }
}

export function inlay_handle(): i32 {
  const mib = digits(0x6d, 0x69, 0x62, 0, 3);
  if (digits(0x77, 0x61, 0x72, 0x6d, 4) && new ArrayBuffer(1).byteLength != 1) return 1;
  body(source);
  const size = load<u64>(source, 8);
  if (map(load<u32>(source), 0, size, 0, range) < 0) return 2;
  keep();
  if (output(size, range) < 0) return 3;
  keep();
  const input = <usize>load<u32>(windows);
  const made = <usize>load<u32>(windows, 8);
  memory.fill(made, 0x5a, <usize>size);
  const before = sumOf(input, <u32>size);
  const madeBefore = sumOf(made, <u32>size);

  allocate(<u64>mib << 20, size);

  if (sumOf(input, <u32>size) != before) count(3);
  if (sumOf(made, <u32>size) != madeBefore) count(4);
  if (isDefined(__inlay_heap)) store<u32>(answer, <u32>(__inlay_heap_grown() >>> 10), 20);
  store<u32>(answer, <u32>memory.size(), 24);
  store<u32>(answer, windowCount, 28);
  store<u32>(range, <u32>answer);
  store<u32>(range, 32, 4);
  return respond(range, 1);
}
