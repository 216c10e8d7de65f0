// Runs the modules that were built, each with a host of its own.
import { readFileSync } from "node:fs";

import { Host } from "../testing/host.js";

function run(file, given) {
  const host = new Host(given);
  const outcome = host.run(readFileSync(new URL(file, import.meta.url)));
  return Object.assign(outcome, { guest: host.guest });
}

/** One of the examples. */
export const runExample = (name, given = {}) => run(`../${name}.wasm`, given);

/** One of the tests' own guests. */
export const runGuest = (name, given = {}) => run(`guests/${name}.wasm`, given);

/** Bytes of a xorshift: the same each time. */
export function noise(size, seed = 1) {
  const bytes = new Uint8Array(size);
  let dice = seed * 2654435761 | 1;
  for (let i = 0; i < size; i++) {
    dice ^= dice << 13;
    dice ^= dice >>> 17;
    dice ^= dice << 5;
    bytes[i] = dice;
  }
  return bytes;
}
