// The component in the real host. Start by `agent-host skill test`.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { decode, encode, Float } from "../voyager/msgpack.js";
import { any, float, list, optional, record, tuple } from "../voyager/shapes.js";
import { call, play } from "../voyager/testing.js";
import { text, utf8 } from "../voyager/utf8.js";

test("frequent words come first", () => {
  const folder = mkdtempSync(join(tmpdir(), "{{name}}-"));
  try {
    writeFileSync(join(folder, "a.txt"), "one zwölf Zwölf");
    writeFileSync(join(folder, "b.txt"), Buffer.from([0xff]));
    const played = play("{{name}}/count", { globs: ["*.txt"], most: 1 }, { read: [folder] });
    assert.deepEqual(played.result, [{ word: "zwölf", count: 2 }]);
    // What it asked the host, and what it logged.
    const read = played.asked("workspace.read").map((it) => it.arguments.path);
    assert.deepEqual(read, ["a.txt", "b.txt"]);
    assert.deepEqual(played.log.map((it) => it.level), ["warn"]);
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

test("values cross as MessagePack", () => {
  const numbers = [0, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 64n - 1n];
  const negative = [-1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2n ** 63n)];
  const texts = ["", "ä", ...[31, 32, 255, 256, 65536].map((length) => "x".repeat(length))];
  const lists = [[], [null, [true, false]], ...[15, 16, 65536].map((length) => Array(length).fill(1))];
  const others = [1.5, -0.1, { failed: { path: "a" } }, new Uint8Array([0, 255]), new Uint8Array(300)];
  for (const good of [...numbers, ...negative, ...texts, ...lists, ...others]) {
    assert.deepEqual(decode(encode(good)), good);
  }
  const bytes = Uint8Array.from([0x93, 0xd0, 0xdf, 0xcd, 1, 0, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(encode([-33, 256, new Float(1)]), bytes);
  for (const bad of [[], [0x92, 1], [0xa2, 0x61], [0xa1, 0xff], [0xc1], [1, 1]]) {
    assert.throws(() => decode(Uint8Array.from(bad)), RangeError);
  }
});

test("shapes make values of WIT what they are here", () => {
  const place = record({ path: any, line: optional(any), span: tuple(any, float) });
  const places = [{ path: "a", line: null, span: [1, 2] }, { path: "b", line: 3, span: [0, 0.5] }];
  const crossed = [["a", null, [1, new Float(2)]], ["b", 3, [0, new Float(0.5)]]];
  assert.deepEqual(list(place).write(places), crossed);
  assert.deepEqual(list(place).read(decode(encode(crossed))), places);
  for (const bad of [null, ["a"], ["a", 1, [2]]]) assert.throws(() => place.read(bad), TypeError);
});
