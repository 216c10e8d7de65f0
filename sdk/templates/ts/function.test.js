// Runs the module in Node.js over a stand-in for the host: no Inlay is needed.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

import { Host } from "inlay/testing";

const module = fs.readFileSync(new URL("build/function.wasm", import.meta.url));

test("newlines are counted", () => {
  assert.equal(new Host({ body: "one\ntwo\nthree" }).run(module).text, '{"lines":2,"bytes":13}');
});

test("an object that is not there is named", () => {
  const answer = new Host({ parameters: { object: "texts/absent" } }).run(module);
  assert.equal(answer.status, 404);
  assert.equal(answer.text, "object=texts/absent: there is no such object\n");
});
