// Has the function `callee` called with halves of the input, one beside the other, and then once for both; answers with its answers.
import { Ranges, Source, Text, call, fail, mapInput, respond, respondRanges, spawn, wait, waitAny } from "inlay";

export function inlay_handle(): i32 {
  const input = mapInput();
  const half = input.length / 2;
  if (spawn("callee", "", new Ranges().add(input.piece(0, half))) != 0) return 1;
  if (spawn("callee", "", new Ranges().add(input.piece(half, input.length - half))) != 1) return 2;
  const answers = new Ranges();
  const last = wait(1);
  const first = waitAny();
  if (!last.completed || first.code != 0) return 3;
  answers.add(first.source().map()).add(last.source().map());

  const both = call("callee", "both=1", new Ranges(1).add(input.piece(0, half)).add(input.piece(half, input.length - half)));
  if (both.code < 0) return respond("text/plain", new Text().add("both: ").bytes(both.source().map()).view());
  answers.add(both.source().map());
  if (call("absent", "", new Ranges()).code != -1 || Source.callInput(1).code != -1) return fail(500, "no error");
  return respondRanges("text/plain", answers);
}
