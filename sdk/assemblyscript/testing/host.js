// A host for tests of functions, without Inlay: what a test sets is what the function asks for, and what it did can be read.
//
//     import { Host } from "inlay/testing";
//
//     const host = new Host({ parameters: { word: "b" }, body: "a\nb\n" });
//     const answer = host.run(fs.readFileSync("grep.wasm"));
//     assert.equal(answer.text, "b\n");
//
// It follows docs/abi.md as far as functions can tell, without limits and rules for names; bytes are copied where Inlay maps pages.
// Other functions are JavaScript: `functions[name](query, inputs)` gives { ending, code, status, pieces }, all of them optional.
import { randomFillSync } from "node:crypto";

import { GuestMemory } from "./memory.js";

const E = { ABSENT: -1, ARGUMENT: -2, POINTER: -3, RANGE: -4, NO_ROOM: -5, NAME: -7, DENIED: -8, TWICE: -10, CALLEE: -11 };
const PARTS = [null, "method", "path", "rest", "query", "parameters", "headers", "env", "function", "invocation"];
const LEVELS = ["debug", "info", "warn", "error"];
const MAP_PRIVATE = 2;
const MOVE_STEP_BYTES = 2 << 20;
const ENDING_COMPLETED = 0;
const ENDING_REFUSED = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOf(content) {
  return typeof content === "string" ? encoder.encode(content) : new Uint8Array(content);
}

/** What a function has answered and done. */
class Outcome {
  /** What inlay_handle returned; effects count only if it is 0. */
  code = 0;
  status = 200;
  /** [name, value] in their order. */
  headers = [];
  /** Content as bytes; of a stream all parts. */
  body = new Uint8Array();
  /** Parts as they were sent; their number. */
  parts = 0;
  /** "BUCKET/KEY" -> { type, bytes }. */
  published = new Map();
  /** [level, line]. */
  log = [];

  get text() {
    return decoder.decode(this.body);
  }

  get contentType() {
    return this.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  }
}

export class Host {
  /**
   * parameters, headers, env: objects; method, path, rest, query, function, invocation: strings; body, objects (by "BUCKET/KEY") and
   * inputs: strings or bytes; isStream: the body is received; pieceBytes: how much of it at once; wallClock, monotonicClock: nanoseconds;
   * onLog(level, line): is told each line, also of an invocation that traps.
   */
  constructor(given = {}) {
    this.given = { method: "POST", path: "/f/test", rest: "", query: "", function: "test", invocation: "1", pieceBytes: 2 << 20, ...given };
    this.headers = Object.fromEntries(Object.entries(given.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
    this.inputs = (given.inputs ?? [given.body ?? ""]).map(bytesOf);
    this.objects = new Map(Object.entries(given.objects ?? {}).map(([name, content]) => [name, bytesOf(content)]));
    this.sources = [];
    this.children = [];
    this.received = { at: 0, address: 0 };
    this.guest = new GuestMemory();
    this.outcome = new Outcome();
    this.responded = null;
  }

  /** Runs a module once; a host is for one invocation. Throws what a trap throws. */
  run(module) {
    const imports = {};
    for (const name of HOST_FUNCTIONS) imports[name] = (...values) => this[name](...values);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { inlay: imports });
    this.guest.attach(instance.exports.memory);
    instance.exports._initialize?.();
    this.outcome.code = instance.exports.inlay_handle();
    this.guest.checkAll();
    if (this.responded) this.outcome.body = this.#content(this.responded);
    for (const object of this.outcome.published.values()) object.bytes = this.#content(object.ranges);
    if (this.outcome.code !== 0) this.outcome.published.clear();
    return this.outcome;
  }

  // ---- the request, sources and windows ----

  request(part, name, nameLength, buffer, capacity) {
    const kind = PARTS[part];
    if (!kind) return E.ARGUMENT;
    let value = this.given[kind];
    if (kind === "parameters" || kind === "env") value = this.given[kind]?.[this.#text(name, nameLength)];
    if (kind === "headers") value = this.headers[this.#text(name, nameLength).toLowerCase()];
    if (value === undefined) return E.ABSENT;
    const bytes = bytesOf(value);
    if (bytes.length <= capacity) this.guest.all().set(bytes, buffer);
    return bytes.length;
  }

  body(out) {
    return this.call_input(0, out);
  }

  call_input(index, out) {
    if (this.given.isStream) return E.DENIED;
    return index < this.inputs.length ? this.#tellSource(this.inputs[index], out) : E.ABSENT;
  }

  fd_source() {
    return E.ABSENT; // There are no descriptors here.
  }

  open(name, nameLength, out) {
    const key = this.#text(name, nameLength);
    if (!/^[^/]+\/.+/s.test(key)) return E.NAME;
    return this.objects.has(key) ? this.#tellSource(this.objects.get(key), out) : E.ABSENT;
  }

  map(source, offset, length, flags, out) {
    const bytes = this.sources[source];
    if (!bytes) return E.ABSENT;
    if (flags > 3) return E.ARGUMENT;
    if (BigInt.asUintN(64, offset) + BigInt.asUintN(64, length) > BigInt(bytes.length)) return E.RANGE;
    const isPrivate = (flags & MAP_PRIVATE) !== 0;
    const piece = bytes.subarray(Number(offset), Number(offset + length));
    return this.#tellWindow(piece, out, { offset: Number(offset), source, writable: isPrivate, isPrivate, flags });
  }

  move(address, offset, length, out) {
    const window = this.guest.windows.get(address >>> 0);
    if (window?.source === undefined) return E.ABSENT;
    const bytes = this.sources[window.source];
    if (!bytes) return E.ABSENT;
    if (offset + length > BigInt(bytes.length)) return E.RANGE;
    if (Number(length) === window.length && (Number(offset) - window.offset) % MOVE_STEP_BYTES === 0) {
      this.guest.replace(address >>> 0, bytes.subarray(Number(offset), Number(offset + length)), Number(offset));
      return this.#tellRange(address, window.length, out);
    }
    this.guest.remove(address >>> 0);
    return this.map(window.source, offset, length, window.flags, out);
  }

  prefetch(source, offset, length) {
    if (!this.sources[source]) return E.ABSENT;
    return offset + length > BigInt(this.sources[source].length) ? E.RANGE : 0;
  }

  output(length, out) {
    if (length === 0n) return E.ARGUMENT;
    return this.#tellWindow(new Uint8Array(Number(length)), out, { writable: true });
  }

  unmap(address) {
    const window = this.guest.windows.get(address >>> 0);
    if (!window) return E.ABSENT;
    this.guest.remove(address >>> 0);
    return 0;
  }

  close(source) {
    if (!this.sources[source]) return E.ABSENT;
    this.sources[source] = null;
    return 0;
  }

  receive(out) {
    if (this.received.address) this.guest.remove(this.received.address);
    const body = this.inputs[0];
    const piece = body.subarray(this.received.at, this.received.at + this.given.pieceBytes);
    this.received.at += piece.length;
    const code = this.#tellWindow(piece, out, { offset: this.received.at });
    this.received.address = this.guest.view().getUint32(out, true);
    return code;
  }

  // ---- the response and effects ----

  status(status) {
    if (status < 200 || status > 599) return E.ARGUMENT;
    if (this.outcome.parts > 0) return E.TWICE;
    this.outcome.status = status;
    return 0;
  }

  header(name, nameLength, value, valueLength) {
    const field = [this.#text(name, nameLength), this.#text(value, valueLength)];
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(field[0])) return E.NAME;
    if (/[\0-\x08\n-\x1f\x7f]/.test(field[1])) return E.ARGUMENT;
    if (this.outcome.parts > 0 || (/^content-type$/i.test(field[0]) && this.outcome.contentType !== undefined)) return E.TWICE;
    this.outcome.headers.push(field);
    return 0;
  }

  respond(ranges, count) {
    if (this.responded || this.outcome.parts > 0) return E.TWICE;
    const taken = this.#take(ranges, count);
    if (!taken) return E.POINTER;
    this.responded = taken;
    return 0;
  }

  send(ranges, count) {
    if (this.responded) return E.TWICE;
    const taken = this.#take(ranges, count);
    if (!taken) return E.POINTER;
    this.outcome.body = Buffer.concat([this.outcome.body, this.#content(taken)]);
    this.outcome.parts++;
    return 0;
  }

  publish(name, nameLength, type, typeLength, ranges, count) {
    const key = this.#text(name, nameLength);
    if (!/^[^/]+\/.+/s.test(key)) return E.NAME;
    const taken = this.#take(ranges, count);
    if (!taken) return E.POINTER;
    this.outcome.published.set(key, { type: this.#text(type, typeLength), ranges: taken });
    return 0;
  }

  // ---- calls of other functions ----

  call(name, nameLength, query, queryLength, inputs, count, out) {
    const called = this.given.functions?.[this.#text(name, nameLength)];
    if (!called) return E.ABSENT;
    return this.#tellResult(this.#called(called, query, queryLength, inputs, count), out);
  }

  spawn(name, nameLength, query, queryLength, inputs, count) {
    const called = this.given.functions?.[this.#text(name, nameLength)];
    const refused = { ending: ENDING_REFUSED, pieces: ["there is no such function"] };
    this.children.push(called ? this.#called(called, query, queryLength, inputs, count) : refused);
    return this.children.length - 1;
  }

  wait(child, out) {
    const result = this.children[child];
    if (!result) return E.ARGUMENT;
    this.children[child] = null;
    return this.#tellResult(result, out);
  }

  wait_any(children, count, out) {
    const view = this.guest.view();
    const numbers = count ? Array.from({ length: count }, (_, i) => view.getUint32(children + 4 * i, true)) : [...this.children.keys()];
    if (count && numbers.some((number) => !this.children[number])) return E.ARGUMENT;
    const child = numbers.find((number) => this.children[number]);
    if (child === undefined) return E.ABSENT;
    this.wait(child, out);
    return child;
  }

  // ---- around ----

  log(level, text, length) {
    if (!LEVELS[level]) return E.ARGUMENT;
    this.outcome.log.push([LEVELS[level], this.#text(text, length)]);
    this.given.onLog?.(...this.outcome.log.at(-1));
    return 0;
  }

  clock(clock, nanoseconds) {
    if (clock > 1) return E.ARGUMENT;
    const given = clock === 0 ? this.given.wallClock : this.given.monotonicClock;
    this.guest.view().setBigUint64(nanoseconds, given ?? 0n, true);
    return 0;
  }

  random(buffer, length) {
    if (!this.guest.isInside(buffer, length)) return E.POINTER;
    randomFillSync(this.guest.all(), buffer, length);
    return 0;
  }

  cost(out) {
    let mapped = 0;
    for (const window of this.guest.windows.values()) mapped += window.length;
    const view = this.guest.view();
    [mapped, 0, this.guest.windows.size, 0].forEach((count, i) => view.setBigUint64(out + 8 * i, BigInt(count), true));
    return 0;
  }

  // ---- what they have in common ----

  #text(address, length) {
    return decoder.decode(this.guest.read(address >>> 0, length >>> 0));
  }

  #tellSource(bytes, out) {
    const view = this.guest.view();
    view.setUint32(out, this.sources.push(bytes) - 1, true);
    view.setUint32(out + 4, 0, true);
    view.setBigUint64(out + 8, BigInt(bytes.length), true);
    return 0;
  }

  #tellWindow(bytes, out, how) {
    const address = bytes.length === 0 ? 0 : this.guest.place(bytes, how);
    return address === null ? E.NO_ROOM : this.#tellRange(address, bytes.length, out);
  }

  #tellRange(address, length, out) {
    const view = this.guest.view();
    view.setUint32(out, address, true);
    view.setUint32(out + 4, length, true);
    return 0;
  }

  /** The ranges: by reference in windows, as they are now in the function's own memory. null: one lies outside. */
  #take(ranges, count) {
    const view = this.guest.view();
    const taken = [];
    for (let i = 0; i < count; i++) {
      const address = view.getUint32(ranges + 8 * i, true);
      const length = view.getUint32(ranges + 8 * i + 4, true);
      if (!this.guest.isInside(address, length)) return null;
      const window = length ? this.guest.windowOf(address, length) : undefined;
      taken.push(window ? { window, address, length } : { bytes: this.guest.read(address, length) });
    }
    return taken;
  }

  #content(ranges) {
    return Buffer.concat(ranges.map(({ window, address, length, bytes }) => {
      if (bytes) return bytes;
      if (!window.last) return this.guest.read(address, length);
      const begin = address - window.begin;
      return window.last.subarray(begin, begin + length);
    }));
  }

  #called(called, query, queryLength, inputs, count) {
    const contents = this.#take(inputs, count).map((range) => this.#content([range]));
    return called(this.#text(query, queryLength), contents) ?? {};
  }

  #tellResult({ ending = ENDING_COMPLETED, code = 0, status, pieces = [] }, out) {
    const first = this.sources.length;
    const contents = pieces.map(bytesOf);
    this.sources.push(...contents);
    const view = this.guest.view();
    const numbers = [ending, code, status ?? (ending === ENDING_COMPLETED ? 200 : 0), first, contents.length, 0];
    numbers.forEach((number, i) => view.setInt32(out + 4 * i, number, true));
    view.setBigUint64(out + 24, BigInt(contents.reduce((sum, piece) => sum + piece.length, 0)), true);
    return ending === ENDING_COMPLETED ? 0 : E.CALLEE;
  }
}

const HOST_FUNCTIONS = [
  "request", "body", "call_input", "open", "fd_source", "map", "move", "prefetch", "output", "unmap", "close", "receive", "status", "header", "respond",
  "send", "publish", "call", "spawn", "wait", "wait_any", "log", "clock", "random", "cost",
];
