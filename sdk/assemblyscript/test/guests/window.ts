// Reads the whole input in one window. Answers without content: fields tell the sum of its words, what the heap grew by meanwhile, and
// the cost.
import { Source, cost, failParameter, header, heapGrown, status } from "inlay";

export function inlay_handle(): i32 {
  const source = Source.input();
  const grown = heapGrown();
  const input = source.map();
  if (input.failed) return failParameter(input.code, "object");
  let sum: u64 = 0;
  for (let i: u32 = 0; i + 8 <= input.length; i += 8) sum += input.load<u64>(i);
  const numbers = input.typed<Uint64Array>();
  if (numbers.length > 0 && numbers[0] != input.load<u64>()) return 1;

  header("X-Sum", sum.toString());
  header("X-Heap-Grown", (heapGrown() - grown).toString());
  header("X-Copied", cost().copied.toString());
  header("X-Own", (<u64>memory.size() << 16) >= input.length ? "window" : "none");
  return status(204);
}
