// What is around a function: its log, clocks, chance, and what it has cost and taken so far.
import { CLOCK_MONOTONIC, CLOCK_WALL, LOG_INFO, host } from "./abi";
import { OUT, bytesOf } from "./view";

// @ts-ignore: of the runtime
if (!isDefined(__inlay_heap)) {
  // @ts-ignore: of the compiler
  ERROR("build with inlay's runtime: \"extends\": \"./node_modules/inlay/asconfig.json\" in asconfig.json");
}

/** Writes one line to the function's log, a string or a View. Returns 0. Errors: those of inlay_log. */
export function log<T>(text: T, level: u32 = LOG_INFO): i32 {
  const bytes = bytesOf(text);
  return host.log(level, bytes.address, bytes.length);
}

/** Nanoseconds since 1970. */
export function wallClock(): u64 {
  host.clock(CLOCK_WALL, OUT);
  return load<u64>(OUT);
}

/** Nanoseconds since the invocation began. */
export function monotonicClock(): u64 {
  host.clock(CLOCK_MONOTONIC, OUT);
  return load<u64>(OUT);
}

/** Up to 64 KiB of random bytes, fit for keys; null if the host refuses. */
export function randomBytes(length: i32): Uint8Array | null {
  const bytes = new Uint8Array(length);
  return host.random(bytes.dataStart, <u32>length) < 0 ? null : bytes;
}

export class Cost {
  /** Bytes of windows mapped. */
  mapped: u64 = 0;
  /** Content bytes copied by the CPU on their way to, through or out of this function. */
  copied: u64 = 0;
  /** Windows mapped now. */
  windows: u64 = 0;
}

/** What the invocation has cost so far. */
export function cost(): Cost {
  const cost = new Cost();
  if (host.cost(OUT) < 0) return cost;
  cost.mapped = load<u64>(OUT);
  cost.copied = load<u64>(OUT, 8);
  cost.windows = load<u64>(OUT, 16);
  return cost;
}

/** Bytes of memory that the function's heap has taken by growing. Windows are not among them. */
export function heapGrown(): usize {
  // @ts-ignore: of the runtime
  return __inlay_heap_grown();
}
