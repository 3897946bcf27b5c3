// Files of the granted folders.

import * as files from "voyager:workspace/files@0.1.0";

import { asking, Denied, Invalid } from "./errors.js";
import { utf8, text } from "./utf8.js";

/** Most bytes that one question to the host may read. */
const READ_BYTES_MAX = 4 << 20;
/** Entries that are fetched at a time. */
const ENTRIES = 1_000;
/** The line of a manifest that grants a folder. */
const GRANT = 'workspace: [ { root: inputs.NAME, read: ["**"] } ]';

/** The only granted folder; throws `Denied` where none is granted, `Invalid` where several are. */
export function onlyFolder() {
  const roots = asking(() => files.roots());
  if (roots.length === 0) {
    throw new Denied("no folder is granted: add `workspace` to the grants", { bound: GRANT });
  }
  if (roots.length > 1) throw new Invalid("several folders are granted; grant one, or name it");
  return new Folder(roots[0].folder);
}

/** The granted folder with this name; throws `Denied` where there is none. */
export function folder(name) {
  const root = asking(() => files.roots()).find((it) => it.name === name);
  if (root === undefined) {
    throw new Denied(`no folder named \`${name}\` is granted`, { bound: GRANT });
  }
  return new Folder(root.folder);
}

/** A granted folder; what it asks the host throws `HostError`. */
export class Folder {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  #ask(method, ...values) {
    return asking(() => this.#handle[method](...values));
  }

  /** The readable files that match one of `globs` (all where empty), ordered by path. */
  *files(globs = []) {
    const listing = this.#ask("list", globs);
    for (;;) {
      const entries = asking(() => listing.next(ENTRIES));
      if (entries.length === 0) return;
      yield* entries;
    }
  }

  /** A whole file as bytes, in as many questions as it takes. */
  readAll(path) {
    const parts = [];
    let length = 0;
    for (;;) {
      const part = this.read(path, length, READ_BYTES_MAX);
      parts.push(part);
      length += part.length;
      if (part.length < READ_BYTES_MAX) break;
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** A whole file of text; throws `Invalid` where it is not UTF-8. */
  readToString(path) {
    const content = text(this.readAll(path));
    if (content === undefined) throw new Invalid(`\`${path}\` is not UTF-8`);
    return content;
  }

  /** Stages the whole content of a file, text or bytes. */
  write(path, content) {
    return this.#ask("write", path, typeof content === "string" ? utf8(content) : content);
  }

  stat(path) {
    return this.#ask("stat", path);
  }

  read(path, offset, length) {
    return this.#ask("read", path, offset, length);
  }

  remove(path) {
    return this.#ask("remove", path);
  }

  rename(path, to) {
    return this.#ask("rename", path, to);
  }

  search(query, placesMax) {
    return this.#ask("search", query, placesMax);
  }

  replace(query, replacement) {
    return this.#ask("replace", query, replacement);
  }

  diff(bytesMax) {
    return this.#ask("diff", bytesMax);
  }
}
