// Where else an invocation of lines.ts may end: in code that is inlined there, in functions of their own.
function quotient(all: i32, by: i32): i32 {
  return all / by; // division
}

/** Small enough to be inlined. */
export function inlined(length: i32): i32 {
  return quotient(length * 3, length - 3);
}

/** Calls itself, and so is a function in the module, too. */
export function deep(numbers: Int32Array, left: i32): i32 {
  if (left > 0) return deep(numbers, left - 1) * 3 + 1;
  return numbers[numbers.length]; // deep
}
