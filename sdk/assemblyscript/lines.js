#!/usr/bin/env node
// Writes the source lines of a module that asc has built with --sourceMap into the module, for traps to tell, and takes the map away.
//
//     npx inlay-lines build/function.wasm
//
// The map lists places of the file and where each came from, as differences from one to the next (ECMA-426). Engines read DWARF, version
// 4: the same for places in the code section's contents (https://yurydelendik.github.io/webassembly-dwarf/), in three custom sections.
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CUSTOM = 0, CODE = 10;
const MAP_ADDRESS = "sourceMappingURL";
const WRITTEN = [".debug_abbrev", ".debug_info", ".debug_line"];
const BUILD_AGAIN = "build it again with asc --sourceMap";

const textOf = (bytes) => new TextDecoder().decode(bytes);

/** Takes pieces and numbers off the bytes of a module. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  piece(length) {
    if (length > this.bytes.length - this.at) throw new Error(`the module ends too early: ${BUILD_AGAIN}`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  number() {
    for (let value = 0, weight = 1; weight < 2 ** 35; weight *= 128) {
      const [byte] = this.piece(1);
      value += (byte & 127) * weight;
      if (byte < 128) return value;
    }
    throw new Error(`the module has a broken number: ${BUILD_AGAIN}`);
  }
}

/** The sections, each with its bytes and where its contents begin in the file; custom ones have names. */
function sectionsOf(module) {
  const reader = new Reader(module), sections = [];
  if (module.length < 8 || textOf(reader.piece(8)) !== "\0asm\x01\0\0\0") throw new Error("this is no WebAssembly module: name what asc has built");
  while (reader.at < module.length) {
    const begin = reader.at;
    const [id] = reader.piece(1);
    const contents = new Reader(reader.piece(reader.number()));
    const at = reader.at - contents.bytes.length;
    const name = id === CUSTOM ? textOf(contents.piece(contents.number())) : "";
    sections.push({ id, name, at, contents: contents.bytes, bytes: module.subarray(begin, reader.at) });
  }
  return sections;
}

/** Where the functions lie in the code section's contents: their size, then their code. */
function* functionsOf(code) {
  const reader = new Reader(code);
  for (let left = reader.number(); left > 0; left--) {
    const length = reader.number(), begin = reader.at;
    reader.piece(length);
    yield { begin, end: reader.at };
  }
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NUMBER = "[g-z0-9+/]{0,6}[A-Za-f]";  // Digits from g on say that another one follows; each has five bits, the lowest ones first.
const MAPPING = new RegExp(`^(${NUMBER}|(${NUMBER}){4,5})$`);

function differencesOf(mapping) {
  if (!MAPPING.test(mapping)) throw new Error(`the source map has a broken mapping: ${BUILD_AGAIN}`);
  return mapping.match(new RegExp(NUMBER, "g")).map((digits) => {
    const value = [...digits].reduceRight((sum, digit) => sum * 32 + (DIGITS.indexOf(digit) % 32), 0);
    return value % 2 ? (1 - value) / 2 : value / 2;  // The lowest bit is the sign.
  });
}

/** As asc names what comes out of packages, whichever way it has found it. */
const nameOf = (source) => source.replace(/^(.*\/)?node_modules\//, "~lib/");

function mapOf(text) {
  let map;
  try {
    map = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (map?.version === 3 && Array.isArray(map.sources) && typeof map.mappings === "string") return map;
  throw new Error(`the source map is of another kind: ${BUILD_AGAIN}`);
}

/** What came from some source: { at, file, line, column }, ascending. `at` is a place in the file; lines and columns begin with 1. */
function placesOf({ sources, mappings }) {
  const names = sources.map((source) => nameOf(String(source)));
  const places = [];
  let [at, source, line, column] = [0, 0, 1, 1];
  for (const mapping of mappings ? mappings.split(",") : []) {
    const differences = differencesOf(mapping);
    at += differences[0];
    if (differences.length === 1) continue;
    source += differences[1];
    line += differences[2];
    column += differences[3];
    if (differences[0] < 0 || line < 1 || column < 1 || !(source in names)) throw new Error(`the source map points to nowhere: ${BUILD_AGAIN}`);
    places.push({ at, file: names[source], line, column });
  }
  return places;
}

/**
 * A function's places. In one of the author's, what is inlined of a library counts to the author's line before it, as a rule the one that
 * has called it; what comes before the first has no line, rather than a wrong one.
 */
function ownPlaces(places) {
  const own = places.filter((place) => !place.file.startsWith("~lib/"));
  return own.length ? own : places;
}

// What is written: bytes in nested arrays.
const u16 = (value) => [value & 255, value >>> 8];
const u32 = (value) => [u16(value & 65535), u16(value >>> 16)];
const unsigned = (value) => (value < 128 ? [value] : [(value % 128) + 128, unsigned(Math.floor(value / 128))]);
const signed = (value) => (value >= -64 && value < 64 ? [value & 127] : [(value & 127) + 128, signed(Math.floor(value / 128))]);
const text = (value) => [...Buffer.from(value.replaceAll("\0", "")), 0];
const sized = (size, bytes) => [size(bytes.flat(Infinity).length), bytes];
const custom = (name, contents) => [CUSTOM, sized(unsigned, [sized(unsigned, [...Buffer.from(name)]), contents])];

const LINE_BASE = -3, LINE_RANGE = 12, OPCODE_BASE = 10;
const COPY = 1, ADVANCE_AT = 2, ADVANCE_LINE = 3, SET_FILE = 4, SET_COLUMN = 5;
const END_SEQUENCE = [0, 1, 1], SET_AT = [0, 5, 2];

/** One function's rows, each valid up to the next one. */
function sequenceOf(places, end, files) {
  let row = { at: places[0].at, file: files[0], line: 1, column: 0 };
  const bytes = [SET_AT, u32(row.at)];
  for (const next of places) {
    if (next.file !== row.file) bytes.push(SET_FILE, unsigned(files.indexOf(next.file) + 1));
    if (next.column !== row.column) bytes.push(SET_COLUMN, unsigned(next.column));
    const lines = next.line - row.line;
    const short = lines - LINE_BASE + LINE_RANGE * (next.at - row.at) + OPCODE_BASE;
    const fits = lines >= LINE_BASE && lines < LINE_BASE + LINE_RANGE && short < 256;
    bytes.push(fits ? short : [ADVANCE_LINE, signed(lines), ADVANCE_AT, unsigned(next.at - row.at), COPY]);
    row = next;
  }
  return [bytes, ADVANCE_AT, unsigned(end - row.at), END_SEQUENCE];
}

function lineTableOf(code, places) {
  const files = [...new Set(places.map((place) => place.file))];
  const sequences = [];
  let next = 0;
  for (const { begin, end } of functionsOf(code)) {
    const first = next;
    while (next < places.length && places[next].at < end) next++;
    if (first < next) sequences.push(sequenceOf(ownPlaces(places.slice(first, next)), end, files));
  }
  const header = [1, 1, 1, LINE_BASE & 255, LINE_RANGE, OPCODE_BASE, [0, 1, 1, 1, 1, 0, 0, 0, 1], 0, files.map((file) => [text(file), 0, 0, 0]), 0];
  return sized(u32, [u16(4), sized(u32, header), sequences]);
}

// A compile unit: where its lines are (stmt_list), where its code begins (low_pc), how long that is (high_pc).
const ABBREVIATIONS = [1, 0x11, 0, 0x10, 0x17, 0x11, 0x01, 0x12, 0x06, 0, 0, 0];

/** `module` with the lines that the text of its source map tells, and without the map's address. What it had of lines is replaced. */
export function withLines(module, map) {
  const sections = sectionsOf(module);
  const { contents: code, at: begin } = sections.find(({ id }) => id === CODE) ?? { contents: Uint8Array.of(0), at: module.length };
  const places = placesOf(mapOf(map)).map((place) => ({ ...place, at: place.at - begin }));
  if (places.some(({ at }) => at < 0 || at >= code.length)) throw new Error(`the source map is another module's: ${BUILD_AGAIN}`);
  const kept = sections.filter(({ name }) => name !== MAP_ADDRESS && !WRITTEN.includes(name));
  const unit = sized(u32, [u16(4), u32(0), 4, 1, u32(0), u32(0), u32(code.length)]);
  const written = [ABBREVIATIONS, unit, lineTableOf(code, places)].map((contents, i) => custom(WRITTEN[i], contents));
  return Buffer.concat([module.subarray(0, 8), ...kept.map(({ bytes }) => bytes), Uint8Array.from(written.flat(Infinity))]);
}

/** Does so with the module in `file`, whose map lies beside it and is gone then. A module that has its lines and no map stays as it is. */
export function writeLines(file) {
  const map = `${file}.map`;
  try {
    if (!existsSync(file)) throw new Error("there is no such file: name the module that asc has built");
    const module = readFileSync(file), hasMap = existsSync(map);
    if (!hasMap && sectionsOf(module).some(({ name }) => WRITTEN.includes(name))) return;
    if (!hasMap) throw new Error(`there is no source map beside it: ${BUILD_AGAIN}`);
    const made = withLines(module, readFileSync(map, "utf8"));
    writeFileSync(`${file}.new`, made);
    renameSync(`${file}.new`, file);
    rmSync(map);
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    if (process.argv.length !== 3) throw new Error("usage: inlay-lines FILE.wasm");
    writeLines(process.argv[2]);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
