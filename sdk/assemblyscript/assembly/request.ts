// What the request says: its parts as text, or as the bytes they are.
import {
  E_ABSENT, E_ARGUMENT, PART_ENV, PART_FUNCTION, PART_HEADER, PART_INVOCATION, PART_METHOD, PART_PARAMETER, PART_PATH, PART_QUERY,
  PART_REST, host,
} from "./abi";
import { View, bytesOf } from "./view";

/** The longest "BUCKET/KEY" this package takes. */
export const NAME_BYTES_MAX: u32 = 2048;
/** A u64 in decimal with room for leading zeros. */
const NUMBER_BYTES_MAX: u32 = 32;
const FIRST_BYTES: i32 = 256;

/** A number, or the code of the failure to read one. */
export class Number64 {
  constructor(
    /** 0, or the code E_* of what failed. */
    public code: i32,
    public value: u64,
  ) {}

  get failed(): bool {
    return this.code < 0;
  }
}

export namespace Request {
  /** A part as bytes in own memory. Errors: E_ABSENT, E_ARGUMENT (unknown part, or longer than `bytesMax`). */
  export function part(part: u32, name: string = "", bytesMax: u32 = u32.MAX_VALUE): View {
    const key = bytesOf(name);
    let buffer = new ArrayBuffer(FIRST_BYTES);
    let length = host.request(part, key.address, key.length, changetype<usize>(buffer), FIRST_BYTES);
    if (length > FIRST_BYTES && <u32>length <= bytesMax) {
      buffer = new ArrayBuffer(length);
      length = host.request(part, key.address, key.length, changetype<usize>(buffer), length);
    }
    if (length < 0) return View.failure(length);
    if (<u32>length > bytesMax) return View.failure(E_ARGUMENT);
    const view = new View(changetype<usize>(buffer), <u32>length);
    view.held = buffer;
    return view;
  }

  function text(kind: u32): string {
    return part(kind).text();
  }

  function named(kind: u32, name: string): string | null {
    const view = part(kind, name);
    return view.failed ? null : view.text();
  }

  /** "GET". */
  export function method(): string {
    return text(PART_METHOD);
  }
  /** The path as it came, percent-encoded, without the query. */
  export function path(): string {
    return text(PART_PATH);
  }
  /** What follows /f/NAME in the path: empty or begins with "/". */
  export function rest(): string {
    return text(PART_REST);
  }
  /** The raw query without "?". */
  export function query(): string {
    return text(PART_QUERY);
  }
  /** The function's own name. */
  export function functionName(): string {
    return text(PART_FUNCTION);
  }
  /** An identifier of this invocation, as the log shows it. */
  export function invocation(): string {
    return text(PART_INVOCATION);
  }
  /** The first query parameter of that name, decoded, or null. */
  export function parameter(name: string): string | null {
    return named(PART_PARAMETER, name);
  }
  /** The header field of that name, in any case, or null. */
  export function field(name: string): string | null {
    return named(PART_HEADER, name);
  }
  /** A variable given at deploy, or null. */
  export function env(name: string): string | null {
    return named(PART_ENV, name);
  }

  /** The query parameter of that name as decimal digits; `otherwise` where there is none. Errors: E_ARGUMENT. */
  export function number(name: string, otherwise: u64): Number64 {
    const digits = part(PART_PARAMETER, name, NUMBER_BYTES_MAX);
    if (digits.code == E_ABSENT) return new Number64(0, otherwise);
    return digits.failed ? new Number64(digits.code, 0) : parseNumber(digits);
  }

  /** Whether the client asks for a stream: the query parameter "stream" is "1". */
  export function wantsStream(): bool {
    return parameter("stream") == "1";
  }
}

/** Reads decimal digits and nothing else. Errors: E_ARGUMENT (empty, another byte, 2^64 or more). */
export function parseNumber(digits: View): Number64 {
  let value: u64 = 0;
  if (digits.length == 0) return new Number64(E_ARGUMENT, 0);
  for (let i: u32 = 0; i < digits.length; i++) {
    const digit = <u64>digits.load<u8>(i) - 48;
    if (digit > 9 || value > (u64.MAX_VALUE - digit) / 10) return new Number64(E_ARGUMENT, 0);
    value = value * 10 + digit;
  }
  return new Number64(0, value);
}
