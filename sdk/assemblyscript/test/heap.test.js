// No byte of the heap lies in a window, however late the heap wakes up; with the compiler's own runtimes it does.
import assert from "node:assert/strict";
import { test } from "node:test";

import { noise, runGuest } from "./guest.js";

const body = noise(3_000_000);

function runHeap(runtime, parameters) {
  const answer = runGuest(runtime, { body, parameters });
  assert.equal(answer.code, 0);
  const numbers = Array.from({ length: 8 }, (_, i) => answer.body.readUInt32LE(4 * i));
  const [allocations, inside, damaged, inputChanged, outputChanged, grownKib] = numbers;
  return { allocations, inside, damaged, inputChanged, outputChanged, grownKib, ownBytes: answer.guest.ownBytes };
}

for (const warm of ["0", "1"]) {
  test(`thousands of allocations beside windows that come and go, warm=${warm}`, () => {
    const found = runHeap("heap", { mib: "64", warm });
    assert.ok(found.allocations > 4000);
    assert.deepEqual({ ...found, allocations: 0, grownKib: 0, ownBytes: 0 },
      { allocations: 0, inside: 0, damaged: 0, inputChanged: 0, outputChanged: 0, grownKib: 0, ownBytes: 0 });
    // All memory that is not of windows is what the module began with and what its heap says.
    assert.equal(found.ownBytes, 65536 + found.grownKib * 1024);
  });
}

test("what is not used any more is used again", () => {
  assert.ok(runHeap("heap", { mib: "256" }).grownKib < 128 * 1024);
});

/** Whether the heap was in a window: it says so itself, or the host finds an input written, or the function breaks. */
function breaks(runtime, parameters) {
  try {
    const found = runHeap(runtime, parameters);
    return found.inside + found.damaged + found.inputChanged + found.outputChanged > 0;
  } catch {
    return true;
  }
}

test("stub hands out windows, at once or later", () => {
  assert.ok(breaks("heap_stub", { mib: "8" }) && breaks("heap_stub", { mib: "8", warm: "1" }));
});

test("minimal and incremental hand out windows unless they have allocated before, and then double them", () => {
  for (const runtime of ["heap_minimal", "heap_incremental"]) {
    assert.ok(breaks(runtime, { mib: "8" }), runtime);
    const warm = runHeap(runtime, { mib: "1", warm: "1" });
    assert.equal(warm.inside, 0, runtime);
    assert.ok(warm.ownBytes > 6_000_000, `${runtime}: ${warm.ownBytes} bytes of its own for 1 MiB`);
  }
  assert.ok(runHeap("heap", { mib: "1", warm: "1" }).ownBytes < 4_000_000);
});
