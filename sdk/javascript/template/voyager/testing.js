// Tests of a skill: its component in the real host, with the grants that the test names.
//
// `agent-host skill test` builds the component and says where the host and the component are.

import { spawnSync } from "node:child_process";

/** A call gave no result. */
export class Failed extends Error {
  /** @param {string} kind The kind, as manifests name it, for example `failed` or `denied`. */
  constructor(kind, message) {
    super(message);
    this.name = "Failed";
    this.kind = kind;
  }
}

/**
 * Calls an operation, as in manifests (`word-count/count`), with its arguments by name; gives back its result
 * as JSON. `read` and `write` are the folders that it may read or change. Throws `Failed` where the operation
 * gives no result.
 */
export function call(operation, values = {}, { read = [], write = [] } = {}) {
  const words = ["--skills", set("VOYAGER_SKILLS"), "--json", "skill", "run", operation];
  for (const [name, value] of Object.entries(values)) {
    words.push("--with", `${name}=${JSON.stringify(value)}`);
  }
  for (const folder of read) words.push("--read", folder);
  for (const folder of write) words.push("--write", folder);
  const ended = spawnSync(set("VOYAGER_HOST"), words, { encoding: "utf8", maxBuffer: 64 << 20 });
  if (ended.error) throw ended.error;
  const last = ended.stdout.trimEnd().split("\n").at(-1);
  if (!last) throw new Error(`the host gave no answer: ${ended.stderr}`);
  return outcome(JSON.parse(last));
}

function set(name) {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: start tests by \`agent-host skill test\``);
  }
  return value;
}

function outcome(last) {
  if (last.answer?.status === "done") return last.answer.outputs.result;
  const error = last.answer?.error ?? last.error ?? {};
  throw new Failed(error.kind ?? "", error.message || JSON.stringify(last));
}
