// Answers with its input and the request's Content-Type; the bytes leave from the pages they lie in.
import { E_ARGUMENT, PART_HEADER, Request, fail, failParameter, mapInput, respond } from "inlay";

export function inlay_handle(): i32 {
  const input = mapInput();
  if (input.failed) return failParameter(input.code, "object");
  const type = Request.part(PART_HEADER, "Content-Type", 1023);
  if (type.code == E_ARGUMENT) return fail(400, "Content-Type: this is too long");
  return respond(type, input);
}
