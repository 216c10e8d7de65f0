// Modules and source maps made and read for the tests of lines.js, without what they test.

/** Taken one after the other. */
class Bytes {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  u32() {
    return this.byte() + this.byte() * 2 ** 8 + this.byte() * 2 ** 16 + this.byte() * 2 ** 24;
  }

  unsigned() {
    const byte = this.byte();
    return byte < 128 ? byte : byte - 128 + 128 * this.unsigned();
  }

  signed() {
    const byte = this.byte();
    return byte < 64 ? byte : byte < 128 ? byte - 128 : byte - 128 + 128 * this.signed();
  }

  text() {
    const begin = this.at;
    this.at = this.bytes.indexOf(0, begin) + 1;
    return Buffer.from(this.bytes.subarray(begin, this.at - 1)).toString();
  }
}

const leb = (value) => (value < 128 ? [value] : [(value % 128) + 128, ...leb(Math.floor(value / 128))]);
const sized = (bytes) => [...leb(bytes.length), ...bytes];

/** A module of functions whose bytes, locals included, are those; nobody runs it. `more` are further sections. */
export function moduleOf(functions, ...more) {
  return Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 10, ...sized([...leb(functions.length), ...functions.flatMap(sized)]), ...more.flat()]);
}

export const customSection = (name, contents) => [0, ...sized([...sized([...Buffer.from(name)]), ...contents])];

/** [{ id, begin, bytes }]: contents and where they begin in the module. */
export function sectionsOf(module) {
  const all = new Bytes(module), sections = [];
  for (all.at = 8; all.at < module.length;) {
    const id = all.byte(), length = all.unsigned();
    sections.push({ id, begin: all.at, bytes: module.subarray(all.at, all.at + length) });
    all.at += length;
  }
  return sections;
}

export const codeOf = (module) => sectionsOf(module).find(({ id }) => id === 10);

function named({ bytes }) {
  const all = new Bytes(bytes), length = all.unsigned();
  return { name: Buffer.from(bytes.subarray(all.at, all.at + length)).toString(), bytes: bytes.subarray(all.at + length) };
}

export const customSectionsOf = (module) => sectionsOf(module).filter(({ id }) => id === 0).map(named);

/** .debug_line, told row by row: { at, file, line, column }; without a file: the rows before are valid up to there. */
export function rowsOf(module) {
  const table = new Bytes(customSectionsOf(module).find(({ name }) => name === ".debug_line").bytes);
  const end = table.u32() + 4;
  table.at += 2;
  const program = table.u32() + table.at;
  table.at += 3;
  const base = table.byte() - 256, range = table.byte(), opcodes = table.byte();
  table.at += opcodes;  // Their numbers of operands, and no directories.
  const files = [""], rows = [];
  while (table.bytes[table.at]) {
    files.push(table.text());
    table.at += 3;
  }
  const begin = () => ({ at: 0, file: files[1], line: 1, column: 0 });
  let row = begin();
  const extended = {
    1: () => {
      rows.push({ at: row.at });
      row = begin();
    },
    2: () => row.at = table.u32(),
  };
  const standard = [
    () => extended[table.unsigned() && table.byte()](), () => rows.push({ ...row }), () => row.at += table.unsigned(),
    () => row.line += table.signed(), () => row.file = files[table.unsigned()], () => row.column = table.unsigned(),
  ];
  for (table.at = program; table.at < end;) {
    const opcode = table.byte(), short = opcode - opcodes;
    if (short < 0) {
      standard[opcode]();
      continue;
    }
    row.at += Math.floor(short / range);
    row.line += base + (short % range);
    rows.push({ ...row });
  }
  return rows;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function vlq(number) {
  const digits = (left) => (left < 32 ? DIGITS[left] : DIGITS[(left % 32) + 32] + digits(Math.floor(left / 32)));
  return digits(number < 0 ? -number * 2 + 1 : number * 2);
}

/** The source map of these rows, [at in the file, number of the source, line, column]; [at]: came from nowhere. */
export function mapOf(rows, sources) {
  let before = [0, 0, 1, 1];
  const mappings = rows.map((row) => {
    const mapping = row.map((value, i) => vlq(value - before[i])).join("");
    before = before.map((value, i) => row[i] ?? value);
    return mapping;
  });
  return JSON.stringify({ version: 3, sources, names: [], mappings: mappings.join(",") });
}
