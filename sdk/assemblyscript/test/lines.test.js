// What lines.js writes, read by other means: traps of Node.js tell which byte of the module they were at.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { withLines, writeLines } from "../lines.js";
import { runGuest } from "./guest.js";
import { codeOf, customSection, customSectionsOf, mapOf, moduleOf, rowsOf } from "./modules.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const guest = readFileSync(here("guests/lines.wasm"));
const directory = mkdtempSync(join(tmpdir(), "inlay-lines-"));
after(() => rmSync(directory, { recursive: true }));

/** "FILE:LINE" of a place in the code section. */
function lineAt(rows, at) {
  const row = rows[rows.findIndex((next) => next.at > at) - 1];
  return row?.file ? `${row.file}:${row.line}` : "nowhere";
}

/** [name, "FILE:LINE"] of each frame in the module that a trap unwinds. */
function framesOf(how) {
  try {
    runGuest("lines", { body: "abc", parameters: { trap: how } });
  } catch (error) {
    const frames = [...error.stack.matchAll(/at (\S+) \(wasm:.*:0x([0-9a-f]+)\)/g)];
    const rows = rowsOf(guest);
    return frames.map(([, name, at]) => [name, lineAt(rows, Number.parseInt(at, 16) - codeOf(guest).begin)]);
  }
  assert.fail(`${how} has not trapped`);
}

function lineOf(file, mark) {
  return `test/guests/${file}:${readFileSync(here(`guests/${file}`), "utf8").split("\n").findIndex((line) => line.endsWith(`// ${mark}`)) + 1}`;
}

for (const [how, name, file] of [
  ["here", "lines/inlay_handle", "lines.ts"], ["index", "lines/inlay_handle", "lines.ts"], ["throw", "lines/inlay_handle", "lines.ts"],
  ["memory", "lines/inlay_handle", "lines.ts"], ["division", "lines/inlay_handle", "lines/second.ts"],
  ["deep", "lines/second/deep", "lines/second.ts"],
]) {
  test(`a trap is at the line of the source that has caused it: ${how}`, () => {
    const own = framesOf(how).filter(([, line]) => !line.startsWith("~lib/"));
    assert.deepEqual(own[0], [`test/guests/${name}`, lineOf(file, how)]);
  });
}

test("the package's own functions are the library's, however they were found", () => {
  assert.match(framesOf("throw")[0][1], /^~lib\/inlay\/assembly\/trap\.ts:\d+$/);
});

test("others can read it", { skip: spawnSync("llvm-dwarfdump", ["--version"]).error && "there is no llvm-dwarfdump" }, () => {
  const verified = spawnSync("llvm-dwarfdump", ["--verify", here("guests/lines.wasm")], { encoding: "utf8" });
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
});

const SOURCES = ["a.ts", "b.ts", "~lib/c.ts", "../node_modules/d/index.ts"];
// Four functions; they lie at 3 to 303, 304 to 309, 310 to 350 and 353 to 70,353 of the code section.
const module = moduleOf([300, 5, 40, 70_000].map((size) => Array(size).fill(1)));
const moved = (rows) => rows.map(([at, ...rest]) => [at + codeOf(module).begin, ...rest]);
const seen = (rows) => rowsOf(withLines(module, mapOf(moved(rows), SOURCES))).map(({ at, file, line, column }) => (file ? [at, file, line, column] : [at]));

test("steps of any size and direction come through, and lines end with their function", () => {
  assert.deepEqual(
    seen([[3, 0, 1, 1], [4, 0, 16, 900], [25, 0, 13, 1], [60, 1, 100_000, 3], [61, 1, 2, 200], [310, 0, 5, 5], [400, 1, 9, 9], [70_000, 0, 1, 1]]),
    [[3, "a.ts", 1, 1], [4, "a.ts", 16, 900], [25, "a.ts", 13, 1], [60, "b.ts", 100_000, 3], [61, "b.ts", 2, 200], [303], [310, "a.ts", 5, 5], [350],
      [400, "b.ts", 9, 9], [70_000, "a.ts", 1, 1], [70_353]]);
});

test("what is inlined of a library counts to the author's line before it, and to none at the beginning", () => {
  assert.deepEqual(seen([[3, 2, 7, 1], [10, 0, 5, 1], [20, 2, 8, 1], [30], [40, 3, 9, 1], [50, 0, 6, 1], [304, 2, 7, 1], [306, 3, 8, 1]]),
    [[10, "a.ts", 5, 1], [50, "a.ts", 6, 1], [303], [304, "~lib/c.ts", 7, 1], [306, "~lib/d/index.ts", 8, 1], [309]]);
});

test("a module without mappings or without code can have them, too", () => {
  assert.deepEqual(seen([]), []);
  assert.deepEqual(rowsOf(withLines(module.subarray(0, 8), JSON.stringify({ version: 3, sources: [], mappings: "" }))), []);
});

/** A file with these bytes, and one with its map if there is one. */
function fileOf(name, bytes, map) {
  const file = join(directory, name);
  writeFileSync(file, bytes);
  if (map !== undefined) writeFileSync(`${file}.map`, map);
  return file;
}

test("the command takes the map and its address away, keeps the rest, and may be given the same again", () => {
  const map = mapOf(moved([[3, 0, 1, 1]]), SOURCES);
  const file = fileOf("once.wasm", Uint8Array.from([...module, ...customSection("sourceMappingURL", [1, 65]), ...customSection("name", [7])]), map);
  const run = () => spawnSync(process.execPath, [here("../lines.js"), file], { encoding: "utf8" });
  assert.deepEqual([run().stderr, existsSync(`${file}.map`), existsSync(`${file}.new`)], ["", false, false]);
  const once = readFileSync(file);
  assert.deepEqual(customSectionsOf(once).map(({ name }) => name), ["name", ".debug_abbrev", ".debug_info", ".debug_line"]);
  assert.deepEqual(once.subarray(0, module.length), Buffer.from(module));
  assert.deepEqual([run().status, readFileSync(file)], [0, once]);
  // As after a kill between the two.
  writeFileSync(`${file}.map`, map);
  assert.deepEqual([run().status, readFileSync(file), existsSync(`${file}.map`)], [0, once, false]);
});

for (const [what, bytes, map, words] of [
  ["no map", module, undefined, /there is no source map beside it: build it again with asc --sourceMap/],
  ["no module", "text", "", /this is no WebAssembly module: name what asc has built/],
  ["half a module", module.subarray(0, 5000), "{}", /the module ends too early/],
  ["a number of six bytes", [...module.subarray(0, 9), 255, 255, 255, 255, 255, 1], "{}", /the module has a broken number/],
  ["no JSON", module, "<", /the source map is of another kind/], ["null", module, "null", /the source map is of another kind/],
  ["another version", module, '{"version":2,"sources":[],"mappings":""}', /the source map is of another kind/],
  ...["A?AA", "AAA", "AA", "AAAAAA", "AAAg", "gggggggggggA", ",", "AAAA,"].map((mappings) =>
    [`mappings ${mappings}`, module, JSON.stringify({ version: 3, sources: ["a"], mappings }), /the source map has a broken mapping/]),
  ...["AADA", "AAAD", "ACAA", "ADAA", "CAAA,DAAA"].map((mappings) =>
    [`mappings ${mappings}`, module, JSON.stringify({ version: 3, sources: ["a"], mappings }), /the source map points to nowhere/]),
  ...[[[3, 0, 1, 1]], moved([[70_400, 0, 1, 1]])].map((rows) => ["another module's", module, mapOf(rows, SOURCES), /the source map is another module's/]),
]) {
  test(`what cannot be used is named, with what to do, and stays as it is: ${what}`, () => {
    const file = fileOf("bad.wasm", Uint8Array.from(Buffer.from(bytes)), map);
    assert.throws(() => writeLines(file), (error) => error.message.startsWith(`${file}: `) && words.test(error.message));
    assert.deepEqual([readFileSync(file), existsSync(`${file}.new`)], [Buffer.from(bytes), false]);
    rmSync(`${file}.map`, { force: true });
  });
}

test("the command tells its use and its failures in a line", () => {
  const run = (...names) => spawnSync(process.execPath, [here("../lines.js"), ...names], { encoding: "utf8" });
  assert.deepEqual([run().status, run().stderr], [1, "usage: inlay-lines FILE.wasm\n"]);
  const absent = join(directory, "absent.wasm");
  assert.deepEqual([run(absent).status, run(absent).stderr], [1, `${absent}: there is no such file: name the module that asc has built\n`]);
});
