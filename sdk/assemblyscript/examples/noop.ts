// Answers "ok": what a call costs when the function does nothing.
import { respondText } from "inlay";

export function inlay_handle(): i32 {
  return respondText("text/plain", "ok\n");
}
