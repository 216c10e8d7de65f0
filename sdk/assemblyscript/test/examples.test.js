// The examples answer what plain JavaScript answers, in a host of the test's own.
import assert from "node:assert/strict";
import { test } from "node:test";

import { noise, runExample } from "./guest.js";

const SIZES = [0, 1, 7, 8, 63, 64, 65, 255, 4097, 100_003];

function wc(bytes) {
  let lines = 0, words = 0, inWord = false;
  for (const byte of bytes) {
    if (byte === 10) lines++;
    if (byte === 32 || (byte >= 9 && byte <= 13)) {
      words += inWord;
      inWord = false;
    } else if (byte > 32 && byte < 127) {
      inWord = true;
    }
  }
  return { lines, words: words + inWord, bytes: bytes.length };
}

function sum(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength - bytes.byteLength % 8);
  let total = 0n;
  for (let at = 0; at < view.byteLength; at += 8) total += view.getBigUint64(at, true);
  return `${BigInt.asUintN(64, total)}\n`;
}

const latin = (bytes) => Buffer.from(bytes).toString("latin1");

function upper(bytes) {
  return latin(bytes).replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function grep(bytes, word) {
  const lines = latin(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.filter((line) => line.includes(word)).map((line) => line + "\n").join("");
}

function texts(size) {
  const alphabet = Buffer.from("abcdef AB\n\n\t\0\x7f\xe9", "latin1");
  return [noise(size, size + 1), noise(size, size + 2).map((byte) => alphabet[byte % alphabet.length])];
}

test("noop says ok", () => {
  const answer = runExample("noop");
  assert.deepEqual([answer.code, answer.text, answer.contentType], [0, "ok\n", "text/plain"]);
});

for (const size of SIZES) {
  test(`they agree with JavaScript on ${size} bytes, as a body and as an object`, () => {
    for (const bytes of texts(size)) {
      for (const given of [{ body: bytes }, { objects: { "b/input": bytes }, parameters: { object: "b/input" } }]) {
        const ask = (name, parameters = {}) => {
          const answer = runExample(name, { ...given, parameters: { ...given.parameters, ...parameters } });
          assert.deepEqual([answer.code, answer.status], [0, 200]);
          return answer;
        };
        assert.deepEqual(JSON.parse(ask("wc").text), wc(bytes));
        assert.equal(ask("sum").text, sum(bytes));
        assert.equal(latin(ask("upper").body), upper(bytes));
        assert.equal(latin(ask("echo").body), latin(bytes));
        for (const word of ["a", "ab", "de AB"]) assert.equal(latin(ask("grep", { word }).body), grep(bytes, word));
      }
    }
  });
}

test("sum takes a piece", () => {
  const body = noise(200_000);
  for (const [offset, length] of [[0, 200_000], [3, 16_384], [199_999, 1], [200_000, 0], [16_383, 50_001]]) {
    const answer = runExample("sum", { body, parameters: { offset: String(offset), length: String(length) } });
    assert.equal(answer.text, sum(body.slice(offset, offset + length)));
  }
});

test("upper publishes its output as an object", () => {
  const answer = runExample("upper", { body: "abc", parameters: { into: 'b/a "name"' }, headers: { "Content-Type": "text/x" } });
  assert.deepEqual(JSON.parse(answer.text), { object: 'b/a "name"', bytes: 3 });
  assert.deepEqual([answer.published.get('b/a "name"').type, String(answer.published.get('b/a "name"').bytes)], ["text/x", "ABC"]);
});

test("grep answers with thousands of runs", () => {
  const body = Array.from({ length: 5000 }, (_, i) => i % 2 ? `needle ${i}` : "hay").join("\n");
  assert.equal(runExample("grep", { body, parameters: { word: "needle" } }).text, grep(Buffer.from(body), "needle"));
});

test("upper and wc take a stream", () => {
  const body = texts(1_000_000)[1];
  const given = { body, isStream: true, pieceBytes: 131_000, parameters: { stream: "1" } };
  const answer = runExample("upper", given);
  assert.equal(latin(answer.body), upper(body));
  assert.equal(answer.parts, 8);
  assert.deepEqual(JSON.parse(runExample("wc", given).text), wc(body));
});

for (const [name, parameters, status, text] of [
  ["wc", { object: "b/absent" }, 404, "object=b/absent: there is no such object\n"],
  ["sum", { object: "bad" }, 400, "object=bad: this name is not allowed\n"],
  ["sum", { offset: "x" }, 400, "offset=x: this value is not allowed\n"],
  ["sum", { offset: "5" }, 400, "offset=5: this lies outside of the data\n"],
  ["sum", { offset: "18446744073709551616" }, 400, "offset=18446744073709551616: this value is not allowed\n"],
  ["grep", {}, 400, "word: this parameter is needed\n"],
  ["grep", { word: "a\nb" }, 400, "word: a newline is not allowed\n"],
  ["upper", { into: "bad" }, 400, "into=bad: this name is not allowed\n"],
]) {
  test(`${name} refuses ${JSON.stringify(parameters)}`, () => {
    const answer = runExample(name, { body: "abc", parameters });
    assert.deepEqual([answer.code, answer.status, answer.text], [0, status, text]);
  });
}
