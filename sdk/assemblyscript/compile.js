// Compiles the examples and the guests of the tests, all in one process: the compiler takes longer to start than to compile.
import { readdirSync } from "node:fs";
import { basename } from "node:path";

import asc from "assemblyscript/asc";

import { writeLines } from "./lines.js";

async function compile(...argv) {
  const { error, stderr } = await asc.main(argv);
  if (!error) return;
  process.stderr.write(stderr.toString());
  throw error;
}

const sourcesIn = (directory) => readdirSync(directory).filter((name) => name.endsWith(".ts")).map((name) => basename(name, ".ts"));

for (const name of sourcesIn("examples")) await compile(`examples/${name}.ts`, "--outFile", `${name}.wasm`);
for (const name of sourcesIn("test/guests")) {
  await compile(`test/guests/${name}.ts`, "--outFile", `test/guests/${name}.wasm`, "--debug", "--sourceMap");
  writeLines(`test/guests/${name}.wasm`);
}
// The compiler's own runtimes, to show what ours is for.
for (const runtime of ["stub", "minimal", "incremental"]) {
  await compile("test/guests/heap.ts", "--config", "none", "--runtime", runtime, "--use", "abort=", "-O3", "--outFile",
    `test/guests/heap_${runtime}.wasm`);
}
