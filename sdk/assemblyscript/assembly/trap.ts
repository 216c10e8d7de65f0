// What a function does where AssemblyScript would ask its host: it tells why it ends, and it seeds Math.random.

// @ts-ignore: decorator
@external("inlay", "log")
declare function hostLog(level: u32, text: usize, length: u32): i32;
// @ts-ignore: decorator
@external("inlay", "random")
declare function hostRandom(buffer: usize, length: u32): i32;

// @ts-ignore: decorator
@inline const LEVEL_ERROR: u32 = 3;
// @ts-ignore: decorator
@inline const LINE_BYTES: i32 = 1024;
/** UTF-16 code units of a message or a path that are told; each takes up to 3 bytes. */
// @ts-ignore: decorator
@inline const UNITS_MAX: i32 = 128;

// @ts-ignore: decorator
@lazy const line: usize = memory.data(LINE_BYTES);

/** Both allocate nothing: memory may be what has run out. */
function add(at: usize, text: string | null): usize {
  if (text === null) return at;
  const units = min(text.length, UNITS_MAX);
  return at + String.UTF8.encodeUnsafe(changetype<usize>(text), units, at);
}

function addNumber(at: usize, number: u32): usize {
  let digits: usize = 1;
  for (let rest = number; rest > 9; rest /= 10) digits++;
  for (let i = digits; i > 0; number /= 10) store<u8>(at + --i, 48 + <u8>(number % 10));
  return at + digits;
}

/** Writes "MESSAGE (FILE:LINE:COLUMN)" to the function's log and traps. */
// @ts-ignore: decorator
@global function inlay_abort(message: string | null, file: string | null, row: u32, column: u32): void {
  let end = add(line, message);
  end = add(end, " (");
  end = add(end, file);
  end = add(end, ":");
  end = addNumber(end, row);
  end = add(end, ":");
  end = addNumber(end, column);
  end = add(end, ")");
  hostLog(LEVEL_ERROR, line, <u32>(end - line));
  unreachable();
}

// @ts-ignore: decorator
@global function inlay_seed(): f64 {
  hostRandom(line, 8);
  return load<f64>(line);
}
