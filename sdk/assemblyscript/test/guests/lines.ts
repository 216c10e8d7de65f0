// Ends at the line with the comment that ?trap= names; the body is of three bytes.
import { Request, Source } from "inlay";

import { deep, inlined } from "./lines/second";

export function inlay_handle(): i32 {
  const how = Request.parameter("trap");
  const input = Source.body().map();
  const length = input.length;
  if (how == "here") unreachable(); // here
  if (how == "index") return input[length]; // index
  if (how == "throw") throw new Error("by hand"); // throw
  if (how == "division") return inlined(length);
  if (how == "deep") return deep(new Int32Array(length), length);
  if (how == "memory") return load<i32>(usize.MAX_VALUE - length); // memory
  return 0;
}
