// Answers with the lines of its input that contain `word`, as `LC_ALL=C grep -aF` does.
//
// Lines in few runs leave as ranges of the input window; many runs are copied into one output window made to measure.
import {
  E_ABSENT, Output, PART_PARAMETER, Ranges, Request, View, fail, failParameter, lineLength, mapInput, respond, respondRanges,
} from "inlay";

const VECTOR: u32 = 16;
const WORD_BYTES_MAX: u32 = 1024;
const RANGES_MAX: u32 = 1024;
/** The word, and room for the vector that is loaded past it. */
const word: usize = memory.data(1040);
let wordSize: u32 = 0;

/** Loads up to 15 bytes past both. */
function equalsWord(at: usize): bool {
  for (let i: u32 = 0; i < wordSize; i += VECTOR) {
    const asked = wordSize - i < VECTOR ? (1 << (wordSize - i)) - 1 : 0xffff;
    const same = i8x16.bitmask(i8x16.eq(v128.load(at + i), v128.load(word + i)));
    if ((same & asked) != asked) return false;
  }
  return true;
}

/**
 * Where the word, not empty, begins first at or after `from`, or `end`. Loads at most 63 bytes past the end: behind the last start come
 * the word's other bytes, and a block looks at up to 63 starts more.
 */
function find(from: usize, end: usize): usize {
  const last = wordSize - 1;
  const firstByte = i8x16.splat(load<i8>(word));
  const lastByte = i8x16.splat(load<i8>(word + last));
  for (let at = from; at + last < end; at += 4 * VECTOR) {
    const a = v128.and(i8x16.eq(v128.load(at), firstByte), i8x16.eq(v128.load(at + last), lastByte));
    const b = v128.and(i8x16.eq(v128.load(at, 16), firstByte), i8x16.eq(v128.load(at + last, 16), lastByte));
    const c = v128.and(i8x16.eq(v128.load(at, 32), firstByte), i8x16.eq(v128.load(at + last, 32), lastByte));
    const d = v128.and(i8x16.eq(v128.load(at, 48), firstByte), i8x16.eq(v128.load(at + last, 48), lastByte));
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    let mask = <u64>i8x16.bitmask(a) | <u64>i8x16.bitmask(b) << 16 | <u64>i8x16.bitmask(c) << 32 | <u64>i8x16.bitmask(d) << 48;
    for (; mask != 0; mask &= mask - 1) {
      const start = at + <usize>ctz(mask);
      if (start + last >= end) return end;
      if (equalsWord(start)) return start;
    }
  }
  return end;
}

/** Just past the newline before `at`, or `from`. Requires: a line begins at `from` <= `at`. */
function lineBegin(from: usize, at: usize): usize {
  while (at > from && load<u8>(at - 1) != 0x0a) at--;
  return at;
}

/** Takes runs of neighbouring lines that contain the word: counts them, and names or copies them. */
class Runs {
  count: u32 = 0;
  bytes: u64 = 0;
  end: usize = 0;
  ranges: Ranges = new Ranges();
  /** Where to copy them; 0: nowhere. */
  to: usize = 0;

  take(begin: usize, end: usize): void {
    const size = <u32>(end - begin);
    if (this.to != 0) {
      memory.copy(this.to, begin, size);
      this.to += size;
      return;
    }
    if (this.count < RANGES_MAX) this.ranges.addAt(begin, size);
    this.count++;
    this.bytes += size;
    this.end = end;
  }
}

function eachRun(text: View, runs: Runs): void {
  if (wordSize == 0) {
    if (text.length != 0) runs.take(text.address, text.end);
    return;
  }
  const textEnd = text.end;
  let begin = text.address;
  let end = begin;
  while (end < textEnd) {
    const at = find(end, textEnd);
    if (at == textEnd) break;
    const line = lineBegin(end, at);
    if (line != end && begin != end) runs.take(begin, end);
    if (line != end) begin = line;
    const rest = at + wordSize;
    end = min(rest + lineLength(rest, <u32>(textEnd - rest)) + 1, textEnd);
  }
  if (begin != end) runs.take(begin, end);
}

/** Copies the runs into one output. */
function respondCopied(text: View, runs: Runs, addNewline: bool): i32 {
  const output = Output.create(runs.bytes + u64(addNewline));
  if (output.failed) return failParameter(output.code, "object");
  runs.to = output.address;
  eachRun(text, runs);
  if (addNewline) output[output.length - 1] = 0x0a;
  return respond("text/plain", output);
}

export function inlay_handle(): i32 {
  const asked = Request.part(PART_PARAMETER, "word", WORD_BYTES_MAX);
  if (asked.code == E_ABSENT) return fail(400, "word: this parameter is needed");
  if (asked.failed) return failParameter(asked.code, "word");
  wordSize = asked.length;
  memory.copy(word, asked.address, wordSize);
  if (lineLength(word, wordSize) != wordSize) return fail(400, "word: a newline is not allowed");
  const text = mapInput();
  if (text.failed) return failParameter(text.code, "object");

  const runs = new Runs();
  eachRun(text, runs);
  const addNewline = runs.end != 0 && load<u8>(runs.end - 1) != 0x0a;
  if (runs.count + u32(addNewline) > RANGES_MAX) return respondCopied(text, runs, addNewline);
  if (addNewline) runs.ranges.add(View.of("\n"));
  return respondRanges("text/plain", runs.ranges);
}
