// The guest's contract with Inlay, ABI version 1, as AssemblyScript sees it: what abi/inlay.h says, name by name.
//
// Addresses are usize. Every function returns a value >= 0, whose meaning stands in the contract, or one of the codes E_*.

export const ABI_VERSION: u32 = 1;

export const E_ABSENT: i32 = -1;
export const E_ARGUMENT: i32 = -2;
export const E_POINTER: i32 = -3;
export const E_RANGE: i32 = -4;
export const E_NO_ROOM: i32 = -5;
export const E_LIMIT: i32 = -6;
export const E_NAME: i32 = -7;
export const E_DENIED: i32 = -8;
export const E_IO: i32 = -9;
export const E_TWICE: i32 = -10;
export const E_CALLEE: i32 = -11;

export const PART_METHOD: u32 = 1;
export const PART_PATH: u32 = 2;
export const PART_REST: u32 = 3;
export const PART_QUERY: u32 = 4;
export const PART_PARAMETER: u32 = 5;
export const PART_HEADER: u32 = 6;
export const PART_ENV: u32 = 7;
export const PART_FUNCTION: u32 = 8;
export const PART_INVOCATION: u32 = 9;

export const MAP_RANDOM: u32 = 1;
export const MAP_PRIVATE: u32 = 2;

export const ENDING_COMPLETED: u32 = 0;
export const ENDING_FAILED: u32 = 1;
export const ENDING_TRAPPED: u32 = 2;
export const ENDING_TIMED_OUT: u32 = 3;
export const ENDING_REFUSED: u32 = 4;

export const LOG_DEBUG: u32 = 0;
export const LOG_INFO: u32 = 1;
export const LOG_WARN: u32 = 2;
export const LOG_ERROR: u32 = 3;

export const CLOCK_WALL: u32 = 0;
export const CLOCK_MONOTONIC: u32 = 1;

/** { u32 id; u32 reserved; u64 size } */
export const SOURCE_BYTES: usize = 16;
/** { u32 address; u32 length } */
export const RANGE_BYTES: usize = 8;
/** { u64 mapped; u64 copied; u64 windows; u64 reserved } */
export const COST_BYTES: usize = 32;
/** { u32 ending; i32 code; u32 status; u32 first; u32 count; u32 reserved; u64 size } */
export const RESULT_BYTES: usize = 32;

export namespace host {
  // @ts-ignore: decorator
  @external("inlay", "request")
  export declare function request(part: u32, name: usize, nameLength: u32, buffer: usize, capacity: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "body")
  export declare function body(out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "call_input")
  export declare function call_input(index: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "open")
  export declare function open(name: usize, nameLength: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "fd_source")
  export declare function fd_source(fd: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "map")
  export declare function map(source: u32, offset: u64, length: u64, flags: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "move")
  export declare function move(address: usize, offset: u64, length: u64, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "prefetch")
  export declare function prefetch(source: u32, offset: u64, length: u64): i32;
  // @ts-ignore: decorator
  @external("inlay", "output")
  export declare function output(length: u64, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "unmap")
  export declare function unmap(address: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "close")
  export declare function close(source: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "receive")
  export declare function receive(out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "status")
  export declare function status(status: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "header")
  export declare function header(name: usize, nameLength: u32, value: usize, valueLength: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "respond")
  export declare function respond(ranges: usize, count: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "send")
  export declare function send(ranges: usize, count: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "publish")
  export declare function publish(name: usize, nameLength: u32, contentType: usize, contentTypeLength: u32, ranges: usize, count: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "call")
  export declare function call(name: usize, nameLength: u32, query: usize, queryLength: u32, inputs: usize, count: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "spawn")
  export declare function spawn(name: usize, nameLength: u32, query: usize, queryLength: u32, inputs: usize, count: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "wait")
  export declare function wait(child: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "wait_any")
  export declare function wait_any(children: usize, count: u32, out: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "log")
  export declare function log(level: u32, text: usize, length: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "clock")
  export declare function clock(clock: u32, nanoseconds: usize): i32;
  // @ts-ignore: decorator
  @external("inlay", "random")
  export declare function random(buffer: usize, length: u32): i32;
  // @ts-ignore: decorator
  @external("inlay", "cost")
  export declare function cost(out: usize): i32;
}
