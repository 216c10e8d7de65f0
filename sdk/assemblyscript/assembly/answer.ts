// The response and the effects of a function, and how a failure is told to the client.
//
// What begins with respond or fail gives what inlay_handle is to return: 0 when the answer is in place, so that a failure which the
// client is told about (404, 400 ...) is a successful invocation.
import {
  E_ABSENT, E_ARGUMENT, E_DENIED, E_LIMIT, E_NAME, E_NO_ROOM, E_RANGE, PART_PARAMETER, RANGE_BYTES, host,
} from "./abi";
import { NAME_BYTES_MAX, Request } from "./request";
import { Text } from "./text";
import { View, bytesOf } from "./view";

/** Pieces of memory, one after the other, as respond, send, publish and call take them. */
export class Ranges {
  /** How many. */
  count: u32 = 0;
  private table: ArrayBuffer;
  private held: ArrayBuffer[] = [];

  constructor(capacity: u32 = 16) {
    this.table = new ArrayBuffer(<i32>(max<u32>(capacity, 1) * <u32>RANGE_BYTES));
  }

  static of(view: View): Ranges {
    const ranges = new Ranges(1);
    if (view.length != 0) ranges.add(view);
    return ranges;
  }

  /** Where they stand in memory. */
  get address(): usize {
    return changetype<usize>(this.table);
  }

  add(view: View): Ranges {
    const held = view.held;
    if (held) this.held.push(held);
    return this.addAt(view.address, view.length);
  }

  /** A piece that lies in a window, or in memory that stays. */
  addAt(address: usize, length: u32): Ranges {
    const used = this.count * <u32>RANGE_BYTES;
    if (used == <u32>this.table.byteLength) {
      const larger = new ArrayBuffer(<i32>(used * 2));
      memory.copy(changetype<usize>(larger), this.address, used);
      this.table = larger;
    }
    store<u32>(this.address + used, <u32>address);
    store<u32>(this.address + used, length, 4);
    this.count++;
    return this;
  }
}

/** Sets the status; 200 without it. Returns 0. Errors: those of inlay_status. */
export function status(code: u32): i32 {
  return host.status(code);
}

/** Adds a response field, of strings or Views. Returns 0. Errors: those of inlay_header. */
export function header<N, V>(name: N, value: V): i32 {
  const key = bytesOf(name);
  const bytes = bytesOf(value);
  return host.header(key.address, key.length, bytes.address, bytes.length);
}

/** Answers with the ranges. An empty `contentType`, a string or a View, sets none. Once, last. */
export function respondRanges<T>(contentType: T, ranges: Ranges): i32 {
  const type = bytesOf(contentType);
  const code = type.length == 0 ? 0 : header("Content-Type", type);
  return code < 0 ? code : host.respond(ranges.address, ranges.count);
}

/** Answers with these bytes: by reference where they lie in a window, which then stays mapped. */
export function respond<T>(contentType: T, view: View): i32 {
  return respondRanges(contentType, Ranges.of(view));
}

/** Answers with a string. */
export function respondText(contentType: string, text: string): i32 {
  return respond(contentType, View.of(text));
}

/** Answers with a number on a line of its own. */
export function respondNumber(number: u64): i32 {
  return respond("text/plain", new Text().number(number).byte(0x0a).view());
}

/** Answers with a status and a line of plain text, which comes without a newline. */
export function fail(code: u32, text: string): i32 {
  const refused = host.status(code);
  return refused < 0 ? refused : respondText("text/plain", text + "\n");
}

/** The status that tells a client of an error code. */
export function statusOf(code: i32): u32 {
  switch (code) {
    case E_ABSENT: return 404;
    case E_ARGUMENT:
    case E_RANGE:
    case E_NAME: return 400;
    case E_NO_ROOM:
    case E_LIMIT: return 413;
    case E_DENIED: return 403;
    default: return 500;
  }
}

/** The words that tell a client of an error code. */
export function wordsOf(code: i32): string {
  switch (code) {
    case E_ABSENT: return "there is no such object";
    case E_ARGUMENT: return "this value is not allowed";
    case E_RANGE: return "this lies outside of the data";
    case E_NAME: return "this name is not allowed";
    case E_NO_ROOM: return "there is no room for this much data";
    case E_LIMIT: return "this is more than the function may use";
    case E_DENIED: return "this is not allowed here";
    default: return "this did not work";
  }
}

/**
 * Answers for an error code that a query parameter led to, naming both: "object=b/k: there is no such object". Where the request has
 * no such parameter, its name stands alone, and instead of "object" the words "the request body".
 */
export function failParameter(code: i32, parameter: string): i32 {
  const value = Request.part(PART_PARAMETER, parameter, NAME_BYTES_MAX);
  const line = new Text();
  line.add(value.code == E_ABSENT && parameter == "object" ? "the request body" : parameter);
  if (!value.failed) line.add("=").bytes(value);
  line.add(": ").add(wordsOf(code)).add("\n");
  const refused = host.status(statusOf(code));
  return refused < 0 ? refused : respond("text/plain", line.view());
}

/**
 * Stages the ranges as the new version of object "BUCKET/KEY"; both texts are strings or Views, and `contentType` may be empty. One
 * range from the start of an output, of the body or of an object goes by reference. Returns 0. Errors: those of inlay_publish.
 */
export function publishRanges<N, T>(name: N, contentType: T, ranges: Ranges): i32 {
  const key = bytesOf(name);
  const type = bytesOf(contentType);
  return host.publish(key.address, key.length, type.address, type.length, ranges.address, ranges.count);
}

/** The same with one view. */
export function publish<N, T>(name: N, contentType: T, view: View): i32 {
  return publishRanges(name, contentType, Ranges.of(view));
}
