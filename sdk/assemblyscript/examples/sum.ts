// Sums the little-endian 64-bit words of its input modulo 2^64; `offset` and `length` choose a piece, in bytes. The input may be larger
// than memory: a window moves over it.
import { E_ARGUMENT, E_RANGE, Request, Source, Windows, failParameter, respondNumber } from "inlay";

function sumWords(at: usize, words: u32): u64 {
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  // 256 bytes a round: the host's deadline check costs as much as 64 bytes of this.
  for (; words >= 32; words -= 32, at += 256) {
    a = i64x2.add(a, v128.load(at));
    b = i64x2.add(b, v128.load(at, 16));
    c = i64x2.add(c, v128.load(at, 32));
    d = i64x2.add(d, v128.load(at, 48));
    a = i64x2.add(a, v128.load(at, 64));
    b = i64x2.add(b, v128.load(at, 80));
    c = i64x2.add(c, v128.load(at, 96));
    d = i64x2.add(d, v128.load(at, 112));
    a = i64x2.add(a, v128.load(at, 128));
    b = i64x2.add(b, v128.load(at, 144));
    c = i64x2.add(c, v128.load(at, 160));
    d = i64x2.add(d, v128.load(at, 176));
    a = i64x2.add(a, v128.load(at, 192));
    b = i64x2.add(b, v128.load(at, 208));
    c = i64x2.add(c, v128.load(at, 224));
    d = i64x2.add(d, v128.load(at, 240));
  }
  a = i64x2.add(i64x2.add(a, b), i64x2.add(c, d));
  let sum = i64x2.extract_lane(a, 0) + i64x2.extract_lane(a, 1);
  for (; words != 0; words--, at += 8) sum += load<u64>(at);
  return sum;
}

export function inlay_handle(): i32 {
  const source = Source.input();
  if (source.failed) return failParameter(source.code, "object");
  const offset = Request.number("offset", 0);
  if (offset.failed) return failParameter(E_ARGUMENT, "offset");
  if (offset.value > source.size) return failParameter(E_RANGE, "offset");
  const length = Request.number("length", source.size - offset.value);
  if (length.failed) return failParameter(E_ARGUMENT, "length");
  if (length.value > source.size - offset.value) return failParameter(E_RANGE, "length");

  let sum: u64 = 0;
  const windows = new Windows(source, offset.value, length.value, 8);
  while (windows.next()) sum += sumWords(windows.view.address, windows.view.length / 8);
  return windows.failed ? failParameter(windows.code, "object") : respondNumber(sum);
}
