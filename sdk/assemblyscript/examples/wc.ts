// Counts lines, words and bytes of its input as `LC_ALL=C wc -lwc` does.
//
// A word ends at a space (\t \n \v \f \r and blank) and holds at least one printable byte (0x21 to 0x7e); all other bytes neither make a
// word nor end one.
import { Request, Source, Text, View, Windows, failParameter, receive, respond } from "inlay";

/** Bytes whose classes fit the bits of a u64. */
const BLOCK: u32 = 64;
/** 63 * 4 vectors: a byte of the tally stays below 256. */
const BLOCKS_PER_TALLY: u32 = 63;
/** The last bytes of the input, then zeros, which change nothing. */
const tail: usize = memory.data(64);

let lines: u64 = 0;
/** Words that have ended. */
let words: u64 = 0;
/** 1: the word before this point has not ended. */
let inWord: u64 = 0;
let bytes: u64 = 0;

/** One bit for each of 16 bytes: first <= byte < first + count. */
// @ts-ignore: decorator
@inline function bitsWithin(vector: v128, first: i32, count: i32): u64 {
  // Moves `first` to the smallest signed byte, so that one signed comparison decides.
  const moved = i8x16.add(vector, i8x16.splat(<i8>(0x80 - first)));
  return <u64>(<u32>i8x16.bitmask(i8x16.lt_s(moved, i8x16.splat(<i8>(0x80 + count)))));
}

// @ts-ignore: decorator
@inline function spacesOf(vector: v128): u64 {
  return bitsWithin(vector, 0x09, 5) | <u64>(<u32>i8x16.bitmask(i8x16.eq(vector, i8x16.splat(0x20))));
}

// @ts-ignore: decorator
@inline function newlinesOf(vector: v128): v128 {
  return i8x16.eq(vector, i8x16.splat(0x0a));
}

/** Counts the words of one block and adds its newlines to the tally. */
// @ts-ignore: decorator
@inline function countBlock(at: usize, tally: v128): v128 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  const spaces = spacesOf(a) | (spacesOf(b) << 16) | (spacesOf(c) << 32) | (spacesOf(d) << 48);
  const printables = bitsWithin(a, 0x21, 0x5e) | (bitsWithin(b, 0x21, 0x5e) << 16) |
    (bitsWithin(c, 0x21, 0x5e) << 32) | (bitsWithin(d, 0x21, 0x5e) << 48);
  // Each run of ones in ~spaces is a word if it holds a printable. Adding the printables to the run, and the carry of an unfinished
  // word to its lowest bit, makes it overflow exactly then, and exactly into the bit of the space that ends it. No further: the sum
  // stays below twice that bit's value, because the printables are part of the run.
  const sum = ~spaces + printables;
  const carry = u64(sum < printables);
  const ends = sum + inWord;
  inWord = carry | u64(ends < sum);
  words += popcnt(ends & spaces);
  const upper = i8x16.add(newlinesOf(a), newlinesOf(b));
  return i8x16.sub(tally, i8x16.add(upper, i8x16.add(newlinesOf(c), newlinesOf(d))));
}

function sumOfBytes(tally: v128): u64 {
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(tally));
  return <u64>i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
}

/** Best with pieces that are multiples of BLOCK. */
function count(at: usize, left: u32): void {
  bytes += left;
  while (left >= BLOCK) {
    let blocks = min(left / BLOCK, BLOCKS_PER_TALLY);
    let tally = i8x16.splat(0);
    left -= blocks * BLOCK;
    for (; blocks != 0; blocks--, at += BLOCK) tally = countBlock(at, tally);
    lines += sumOfBytes(tally);
  }
  if (left == 0) return;
  memory.fill(tail, 0, BLOCK);
  memory.copy(tail, at, left);
  lines += sumOfBytes(countBlock(tail, i8x16.splat(0)));
}

/** Counts an input of any size, window by window. Returns 0 or an error. */
function countInput(): i32 {
  const windows = new Windows(Source.input(), 0, u64.MAX_VALUE, BLOCK);
  while (windows.next()) count(windows.view.address, windows.view.length);
  return windows.code;
}

/** The same with the body, while it comes. */
function countStream(): i32 {
  let piece: View;
  while ((piece = receive()).length != 0) count(piece.address, piece.length);
  return piece.code;
}

export function inlay_handle(): i32 {
  const code = Request.wantsStream() ? countStream() : countInput();
  if (code < 0) return failParameter(code, "object");
  const json = new Text()
    .add('{"lines":').number(lines)
    .add(',"words":').number(words + inWord)
    .add(',"bytes":').number(bytes)
    .add("}\n");
  return respond("application/json", json.view());
}
