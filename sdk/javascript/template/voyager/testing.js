// Tests of a skill: its component in the real host, with the grants and the answers that the test names.
//
// `agent-host skill test` builds the component and says where the host and the component are.
//
// The call is a run like any other but for two things: what the skill asks of programs, servers and other skills is
// answered by the test, and nothing is journaled. What the test has no answer to fails, and the test with it.

import { spawnSync } from "node:child_process";

/** A call gave no result. */
export class Failed extends Error {
  /**
   * @param {string} kind The kind, as manifests name it, for example `failed` or `denied`.
   * @param {{ bound?: string, detail?: any }} more The grant that is missing, or the bound that was hit; and the
   *   operation's own error, where the kind is `failed`.
   */
  constructor(kind, message, { bound = null, detail = null } = {}) {
    super(message);
    this.name = "Failed";
    this.kind = kind;
    this.bound = bound;
    this.detail = detail;
  }
}

/** All that came of a call. */
export class Played {
  #result;

  constructor(answer) {
    /** Why there is no result, where there is none. */
    this.failed = answer.status === "done" ? null : failed(answer.error);
    this.#result = answer.outputs.result;
    /**
     * What the skill and its child tasks asked the host, in the order in which they did: `call` is the name
     * (`workspace.read`), `arguments` are by name (bytes as text where they are some), `failed` says why it was not
     * answered, or denied.
     */
    this.allAsked = answer.asked.map((it) => ({
      call: it.call,
      arguments: it.arguments,
      failed: it.error ? failed(it.error) : null,
    }));
    /** Lines that it logged: `level` and `message`. */
    this.log = answer.log;
  }

  /** The result as JSON; throws `Failed` where there is none. */
  get result() {
    if (this.failed !== null) throw this.failed;
    return this.#result;
  }

  /** The questions of this name, in the order in which they were asked. */
  asked(call) {
    return this.allAsked.filter((it) => it.call === call);
  }
}

/** Plays a call as `play` does; gives back its result as JSON. Throws `Failed` where there is none. */
export function call(operation, values = {}, options = {}) {
  return play(operation, values, options).result;
}

/**
 * Plays a call of an operation, as in manifests (`word-count/count`), with its arguments by name.
 *
 * - `read`, `write`: folders that it may read, or read and change.
 * - `programs`, `servers`, `children`: what it may start, ask and call, with the answers, in the words of `script/v1`:
 *   `{ run: "git log", stdout: "..." }`, `{ url: "https://api.example.org/", status: 200, body: "..." }`,
 *   `{ operation: "acme:spelling/checking.check", result: [...] }`, each with `fails` and `times`.
 * - `secrets`: names that requests may hold as `${secrets.NAME}`.
 * - `limits`: others than the usual ones, `{ "host-calls": 10 }`.
 * - `seed`: what its randomness grows from.
 * - `script`: a file with the answers instead. `allow` has the grants then, and others without an answer:
 *   `{ program: ["git"], server: ["api.example.org"], call: ["acme:spelling/*"] }`.
 * - `skills`: folders with other skills. `wit`: WIT packages, files or folders, of skills that need not be here, since
 *   `children` answer for them.
 */
export function play(operation, values = {}, options = {}) {
  const { read = [], write = [], programs = [], servers = [], children = [], skills = [] } = options;
  const { secrets = [], limits = {}, seed, script, allow = {}, wit = [] } = options;
  const words = [set("VOYAGER_SKILLS"), ...skills].flatMap((folder) => ["--skills", folder]);
  words.push("--json", "skill", "run", operation);
  for (const [name, value] of Object.entries(values)) {
    words.push("--with", `${name}=${JSON.stringify(value)}`);
  }
  const grants = {
    read,
    write,
    program: programs.map(({ run }) => (typeof run === "string" ? run : run.join(" "))),
    server: servers.map(({ url }) => origin(url)),
    call: children.map((it) => it.operation),
    secret: secrets,
    wit,
    limit: Object.entries(limits).map(([name, value]) => `${name}=${value}`),
  };
  for (const [option, all] of [...Object.entries(grants), ...Object.entries(allow)]) {
    for (const value of all) words.push(`--${option}`, value);
  }
  const answers = Object.entries({ seed, programs, servers, answers: children });
  const own = answers.filter(([, value]) => value !== undefined && value.length > 0);
  if (script !== undefined && own.length > 0) {
    throw new Error(`the answers stand in ${script}; add those of the test there`);
  }
  const lines = own.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  const input = `voyager: script/v1\n${lines.join("")}`;
  words.push("--script", script ?? "-");
  const ended = spawnSync(set("VOYAGER_HOST"), words, { input, encoding: "utf8", maxBuffer: 64 << 20 });
  const last = ended.stdout?.trimEnd().split("\n").at(-1);
  if (!last) throw new Error(`the host gave no answer: ${ended.stderr ?? ended.error}`);
  return played(JSON.parse(last));
}

function played({ answer, error }) {
  if (!answer) throw new Error(`the call can't be made: ${error.message}`);
  const problems = [...answer.unanswered, ...answer.unused];
  if (problems.length > 0) {
    throw new Error(`the answers don't fit the call:\n${problems.join("\n")}`);
  }
  return new Played(answer);
}

function failed({ kind, message, bound, detail }) {
  return new Failed(kind, message, { bound, detail });
}

/** The server of a URL: what is left of its path. */
function origin(url) {
  return /^(?:[^:/]+:\/\/)?[^/?#]*/.exec(url)[0];
}

function set(name) {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: start tests by \`agent-host skill test\``);
  }
  return value;
}
