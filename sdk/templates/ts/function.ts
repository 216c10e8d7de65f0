// Counts lines and bytes of its input: the object that ?object=BUCKET/KEY names, or else the request's body.
import { Source, Text, Windows, failParameter, respond } from "inlay";

/** Nothing is read or copied: the bytes lie in pages that are seen at `at`. */
function newlines(at: usize, length: u32): u64 {
  let found: u64 = 0;
  for (let i: u32 = 0; i < length; i++) found += u64(load<u8>(at + i) == 0x0a);
  return found;
}

export function inlay_handle(): i32 {
  const source = Source.input();
  const windows = new Windows(source);
  let lines: u64 = 0;
  while (windows.next()) lines += newlines(windows.view.address, windows.view.length);
  if (windows.failed) return failParameter(windows.code, "object");
  const json = new Text().add('{"lines":').number(lines).add(',"bytes":').number(source.size).add("}");
  return respond("application/json", json.view());
}
