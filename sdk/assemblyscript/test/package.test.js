// What the package offers beyond what the examples show.
import assert from "node:assert/strict";
import { test } from "node:test";

import { noise, runGuest } from "./guest.js";

test("views and typed arrays show the bytes where they lie", () => {
  assert.equal(runGuest("views", { body: Uint8Array.from({ length: 65_536 }, (_, i) => i) }).text, "");
});

test("a whole input is read in place, and the heap takes nothing for it", () => {
  const body = noise(1 << 20);
  const answer = runGuest("window", { body });
  const fields = Object.fromEntries(answer.headers);
  const words = new BigUint64Array(body.buffer);
  assert.equal(fields["X-Sum"], String(BigInt.asUintN(64, words.reduce((sum, word) => sum + word, 0n))));
  assert.deepEqual([answer.status, fields["X-Heap-Grown"], answer.guest.ownBytes], [204, "0", 65536]);
});

test("the request's parts, the log, clocks and chance", () => {
  const long = "x".repeat(1000);
  const answer = runGuest("around", {
    method: "PUT", path: "/f/around/%20", rest: "/%20", query: "word=caf%C3%A9", function: "around", invocation: "1234",
    parameters: { word: "café", n: "18446744073709551615" }, headers: { "X-Long": long }, env: { COLOUR: "red" }, wallClock: 12n,
    monotonicClock: 34n,
  });
  assert.deepEqual(answer.text.split("\n"), [
    "PUT", "/f/around/%20", "/%20", "word=caf%C3%A9", "around", "café", "none", long, "red", "18446744073709551615", "12", "34", "0",
    "true", "true", "4",
  ]);
  assert.deepEqual(answer.log, [["info", "a line"], ["warn", long]]);
});

for (const [how, line] of [
  ["index", /^View: the index is outside \(.*view\.ts:\d+:\d+\)$/], ["piece", /^View: the piece is outside /],
  ["throw", /^thrown by hand /], ["memory", /^the function's memory is used up /],
]) {
  test(`a trap tells why in the log: ${how}`, () => {
    const log = [];
    class Told extends Error {}
    assert.throws(() => {
      const answer = runGuest("around", { body: "abc", parameters: { trap: how }, onLog: (level, text) => log.push([level, text]) });
      throw new Told(answer.text);
    }, WebAssembly.RuntimeError);
    assert.equal(log.length, 1);
    assert.equal(log[0][0], "error");
    assert.match(log[0][1], line);
  });
}

test("a store into an input window is found", () => {
  assert.throws(() => runGuest("around", { body: "abc", parameters: { trap: "store" } }), /has written into the input window/);
});

test("lines and records come one after the other over the borders of windows", () => {
  const lines = ["x".repeat(40 << 20), "", "y".repeat((30 << 20) - 1), "z"];
  const body = lines.join("\n");
  assert.equal(runGuest("pieces", { body }).text, `4 ${body.length - 3} 0`);
  assert.equal(runGuest("pieces", { body, parameters: { stop: "2" } }).text, `2 ${40 << 20} 0`);
  const records = new Uint8Array(6_000_000 * 12 + 5);
  const view = new DataView(records.buffer);
  for (let i = 0; i < 6_000_000; i++) view.setUint32(12 * i, i, true);
  assert.equal(runGuest("pieces", { body: records, parameters: { record: "12" } }).text, "6000000 0");
});

test("a line longer than a window, a record of no bytes and a piece outside are told", () => {
  assert.equal(runGuest("pieces", { body: "x\n" + "y".repeat(66 << 20) }).status, 413);
  assert.equal(runGuest("pieces", { body: "x", parameters: { record: "70000000" } }).status, 400);
  assert.equal(runGuest("pieces", { body: "x", parameters: { offset: "2" } }).status, 400);
});

test("functions are called with ranges and answer with sources", () => {
  const functions = { callee: (query, inputs) => ({ pieces: [`${query}(${inputs.join("|")})`] }) };
  assert.equal(runGuest("calls", { body: "abcdef", functions }).text, "(abc)(def)both=1(abc|def)");
  let calls = 0;
  const failing = { callee: () => ++calls < 3 ? { pieces: ["x"] } : { ending: 2, pieces: ["it trapped"] } };
  assert.equal(runGuest("calls", { body: "abcdef", functions: failing }).text, "both: it trapped");
});
