// The component in the real host. Start by `agent-host skill test`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { call } from "../voyager/testing.js";
import { text, utf8 } from "../voyager/utf8.js";

test("frequent words come first", () => {
  const folder = mkdtempSync(join(tmpdir(), "{{name}}-"));
  try {
    writeFileSync(join(folder, "a.txt"), "one zwölf Zwölf");
    const counted = call("{{name}}/count", { globs: ["*.txt"], most: 1 }, { read: [folder] });
    assert.deepEqual(counted, [{ word: "zwölf", count: 2 }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a refusal has its kind", () => {
  // What is not granted is not there, and the kind of the error says so.
  assert.throws(() => call("{{name}}/count", { globs: ["*.txt"], most: 1 }), {
    kind: "denied",
    message: /no folder is granted/,
  });
  assert.throws(() => call("{{name}}/count", { globs: [], most: 0 }), { kind: "invalid" });
});

test("text crosses as UTF-8", () => {
  for (const good of ["", "a", "ä€😀", "x".repeat(10_000)]) {
    assert.deepEqual(utf8(good), new Uint8Array(Buffer.from(good)));
    assert.equal(text(Buffer.from(good)), good);
  }
  for (const bad of [[0x80], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xff]]) {
    assert.equal(text(bad), undefined);
  }
});
