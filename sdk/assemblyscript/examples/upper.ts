// Upper-cases the ASCII letters of its input into an output window, which is the response or, with `into`, an object.
import {
  E_ABSENT, NAME_BYTES_MAX, Output, PART_HEADER, PART_PARAMETER, Request, Text, View, failParameter, header, mapInput, publish, receive,
  respond, send,
} from "inlay";

const VECTOR: u32 = 16;
/** As large as the pieces of a stream. */
const PART_BYTES: u32 = 128 << 10;

/** Writes `size` bytes to `to`. */
function upper(from: usize, to: usize, size: u32): void {
  const toSmallest = i8x16.splat(<i8>(0x80 - 0x61));
  const pastZ = i8x16.splat(<i8>(0x80 + 26));
  const caseBit = i8x16.splat(0x20);
  let i: u32 = 0;
  for (; size - i >= VECTOR; i += VECTOR) {
    const bytes = v128.load(from + i);
    const lower = i8x16.lt_s(i8x16.add(bytes, toSmallest), pastZ);
    v128.store(to + i, v128.xor(bytes, v128.and(lower, caseBit)));
  }
  for (; i < size; i++) {
    const byte = load<u8>(from + i);
    store<u8>(to + i, byte - 0x61 < 26 ? byte ^ 0x20 : byte);
  }
}

/** The body while it comes, part by part through one output window. */
function upperStream(type: View): i32 {
  const output = Output.create(PART_BYTES);
  if (output.failed) return failParameter(output.code, "object");
  let code = header("Content-Type", type);
  while (code >= 0) {
    const piece = receive();
    if (piece.failed) return failParameter(piece.code, "object");
    if (piece.length == 0) return 0;
    for (let at: u32 = 0; at < piece.length && code >= 0; at += PART_BYTES) {
      const size = min(piece.length - at, PART_BYTES);
      upper(piece.address + at, output.address, size);
      code = send(output.piece(0, size));
    }
  }
  return code;
}

export function inlay_handle(): i32 {
  const field = Request.part(PART_HEADER, "Content-Type", 1024);
  const type = field.failed ? View.of("text/plain") : field;
  if (Request.wantsStream()) return upperStream(type);
  const input = mapInput();
  if (input.failed) return failParameter(input.code, "object");
  const output = Output.create(input.length);
  if (output.failed) return failParameter(output.code, "object");
  upper(input.address, output.address, input.length);

  const into = Request.part(PART_PARAMETER, "into", NAME_BYTES_MAX);
  if (into.code == E_ABSENT) return respond(type, output);
  const code = into.failed ? into.code : publish(into, type, output);
  if (code < 0) return failParameter(code, "into");
  const json = new Text().add('{"object":').json(into).add(',"bytes":').number(output.length).add("}\n");
  return respond("application/json", json.view());
}
