// Sums one column of an Arrow IPC file where it lies; nulls do not count.
//
// Whole numbers are summed modulo 2^64. Floats are summed in eight lanes, so that the sum depends neither on the language nor on the
// machine: lane k adds, in order, the rows of each batch whose number in that batch is k modulo 8; then
// ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
import { E_ABSENT, PART_PARAMETER, Request, Text, View, fail, failParameter, mapInput, respond, status } from "inlay";
import { ArrowFile, Column, FLOAT, NO_COLUMN, SIGNED, wordsOf } from "./colsum/arrow";
import { addDouble } from "./colsum/decimal";

const COLUMN_BYTES_MAX: u32 = 1024;
const LANES: u32 = 8;

/** Lanes 0 and 1, 2 and 3 ...: of floats. */
let f01 = f64x2.splat(0);
let f23 = f64x2.splat(0);
let f45 = f64x2.splat(0);
let f67 = f64x2.splat(0);
/** Of whole numbers there need be no lanes. */
let whole: u64 = 0;

/** Rows from `row` on as doubles, two for each. */
@inline
function pair<T>(at: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(at);
  return f64x2.promote_low_f32x4(v128.load_zero<u64>(at));
}

/** All ones where the bits from the lowest on are set, so that a null adds 0, which changes no sum: none of them is ever -0. */
@inline
function mask(bits: u32): v128 {
  return i64x2(-(<i64>(bits & 1)), -(<i64>(bits >> 1 & 1)));
}

function addFloats<T>(values: usize, validity: usize, rows: u64): void {
  const pairBytes = 2 * sizeof<T>();
  let a = f01;
  let b = f23;
  let c = f45;
  let d = f67;
  let row: u64 = 0;
  for (; rows - row >= LANES; row += LANES, values += 4 * pairBytes) {
    const bits: u32 = validity == 0 ? 0xff : load<u8>(validity + <usize>(row / LANES));
    if (bits == 0xff) {
      a = f64x2.add(a, pair<T>(values));
      b = f64x2.add(b, pair<T>(values + pairBytes));
      c = f64x2.add(c, pair<T>(values + 2 * pairBytes));
      d = f64x2.add(d, pair<T>(values + 3 * pairBytes));
    } else {
      a = f64x2.add(a, v128.and(mask(bits), pair<T>(values)));
      b = f64x2.add(b, v128.and(mask(bits >> 2), pair<T>(values + pairBytes)));
      c = f64x2.add(c, v128.and(mask(bits >> 4), pair<T>(values + 2 * pairBytes)));
      d = f64x2.add(d, v128.and(mask(bits >> 6), pair<T>(values + 3 * pairBytes)));
    }
  }
  // The rest of a batch, and what stands behind it: there is room for a load, and its bits are 0.
  if (row != rows) {
    const valid: u32 = (validity == 0 ? 0xff : load<u8>(validity + <usize>(row / LANES))) & ((1 << <u32>(rows - row)) - 1);
    a = f64x2.add(a, v128.and(mask(valid), pair<T>(values)));
    b = f64x2.add(b, v128.and(mask(valid >> 2), pair<T>(values + pairBytes)));
    c = f64x2.add(c, v128.and(mask(valid >> 4), pair<T>(values + 2 * pairBytes)));
    d = f64x2.add(d, v128.and(mask(valid >> 6), pair<T>(values + 3 * pairBytes)));
  }
  f01 = a;
  f23 = b;
  f45 = c;
  f67 = d;
}

function addWhole<T>(values: usize, validity: usize, rows: u64): void {
  let sum: u64 = 0;
  let row: u64 = 0;
  for (; validity == 0 && rows - row >= 8; row += 8, values += 8 * sizeof<T>()) {
    sum += <u64>load<T>(values) + <u64>load<T>(values, sizeof<T>()) + <u64>load<T>(values, 2 * sizeof<T>())
      + <u64>load<T>(values, 3 * sizeof<T>()) + <u64>load<T>(values, 4 * sizeof<T>()) + <u64>load<T>(values, 5 * sizeof<T>())
      + <u64>load<T>(values, 6 * sizeof<T>()) + <u64>load<T>(values, 7 * sizeof<T>());
  }
  for (; row < rows; row++, values += sizeof<T>()) {
    const isValid = validity == 0 || (load<u8>(validity + <usize>(row / 8)) >> <u8>(row % 8) & 1) != 0;
    sum += isValid ? <u64>load<T>(values) : 0;
  }
  whole += sum;
}

function addRows(column: Column): void {
  const values = column.values;
  const validity = column.validity;
  const rows = column.rows;
  if (column.kind == FLOAT) {
    if (column.valueBytes == 4) addFloats<f32>(values, validity, rows);
    else addFloats<f64>(values, validity, rows);
    return;
  }
  const isSigned = column.kind == SIGNED;
  switch (column.valueBytes) {
    case 1: {
      if (isSigned) addWhole<i8>(values, validity, rows);
      else addWhole<u8>(values, validity, rows);
      break;
    }
    case 2: {
      if (isSigned) addWhole<i16>(values, validity, rows);
      else addWhole<u16>(values, validity, rows);
      break;
    }
    case 4: {
      if (isSigned) addWhole<i32>(values, validity, rows);
      else addWhole<u32>(values, validity, rows);
      break;
    }
    default: addWhole<u64>(values, validity, rows);
  }
}

function respondSum(kind: u32): i32 {
  const line = new Text(32);
  if (kind == FLOAT) {
    const even = f64x2.add(f64x2.add(f01, f45), f64x2.add(f23, f67)); // (0 + 4) + (2 + 6), (1 + 5) + (3 + 7)
    addDouble(line, f64x2.extract_lane(even, 0) + f64x2.extract_lane(even, 1));
  } else if (kind == SIGNED && <i64>whole < 0) {
    line.byte(0x2d).number(0 - whole);
  } else {
    line.number(whole);
  }
  return respond("text/plain", line.byte(0x0a).view());
}

function failColumn(code: i32, name: View): i32 {
  const line = new Text();
  if (code <= NO_COLUMN) line.add("column=").bytes(name);
  else line.add("the file");
  const refused = status(422);
  return refused < 0 ? refused : respond("text/plain", line.add(": ").add(wordsOf(code)).add("\n").view());
}

export function inlay_handle(): i32 {
  const name = Request.part(PART_PARAMETER, "column", COLUMN_BYTES_MAX);
  if (name.code == E_ABSENT) return fail(400, "column: this parameter is needed");
  if (name.failed) return failParameter(name.code, "column");
  const input = mapInput();
  if (input.failed) return failParameter(input.code, "object");

  const column = new Column(new ArrowFile(input.address, input.length), name.address, name.length);
  while (column.next()) addRows(column);
  return column.code < 0 ? failColumn(column.code, name) : respondSum(column.kind);
}
