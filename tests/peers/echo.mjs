// The echo of `voyager-sandbox`'s example `calls`, transpiled by jco and run by Node.
//
//   node echo.mjs FOLDER     FOLDER is what `jco transpile --instantiation sync` wrote
//
// Microseconds of a fresh and of a warm call: medians of rounds of 50 calls, by the clock, since Node
// compiles on threads of its own. Modules are compiled once, as the sandbox compiles once.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROUNDS = 400;
const CALLS = 50;

const folder = process.argv[2];
const { instantiate } = await import(pathToFileURL(join(folder, 'echo.js')));
const modules = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => [name, new WebAssembly.Module(readFileSync(join(folder, name)))]),
);
const instance = () => instantiate((name) => modules.get(name), {})['bench:echo/api@0.1.0'];

function echo(api) {
  const { path, line } = api.f({ path: 'src/lib.rs', line: 7 });
  if (path !== 'src/lib.rs' || line !== 7) throw new Error(`it gave back ${path}, ${line}`);
}

function rounds(call) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.hrtime.bigint();
    for (let number = 0; number < CALLS; number++) call();
    times.push(Number(process.hrtime.bigint() - before) / CALLS / 1_000);
  }
  times.sort((a, b) => a - b);
  return times[ROUNDS / 2].toFixed(2);
}

const living = instance();
console.log(`fresh ${rounds(() => echo(instance()))}`);
console.log(`warm ${rounds(() => echo(living))}`);
