// Counts words in the files of the granted folder.

import { log } from "voyager:run/run@0.1.0";

import { HostError, Invalid, operation } from "./voyager/errors.js";
import { onlyFolder } from "./voyager/files.js";

/** The exported interface `words`: each function is an operation. */
export const words = {
  count: operation((globs, most) => {
    if (most === 0) throw new Invalid("`most` is 0; ask for at least one word");
    const folder = onlyFolder();
    const counts = new Map();
    for (const { path } of folder.files(globs)) {
      let text;
      try {
        text = folder.readToString(path);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        log("warn", `${path} is left out: ${error.kind}: ${error.message}`);
        continue;
      }
      for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
    }
    const all = [...counts].map(([word, count]) => ({ word, count }));
    all.sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
    return all.slice(0, most);
  }),
};
