// Other operations as child tasks.
//
// For skills whose world imports `voyager:tasks/tasks@0.1.0`. Shapes say what a value of WIT looks like here:
//
//   const place = record({ path: any, line: optional(any), weight: float });
//   const places = call("acme:find/find.places", ["src", 3], { returns: list(place) });
//
// What has no shape is as MessagePack has it: a record is the array of its fields in the order of the WIT. A case of a
// variant is its name, with a payload `{ name: payload }`; flags are an array of names; an absent option is `null`;
// bytes are a `Uint8Array`; whole numbers beyond 2^53 are `BigInt`s.

import * as tasks from "voyager:tasks/tasks@0.1.0";

import { asking, exception, Invalid } from "./errors.js";
import { decode, encode } from "./msgpack.js";
import { any } from "./shapes.js";

export { any, float, list, optional, record, tuple } from "./shapes.js";

/**
 * Calls one operation, `package:name/interface.function`, with its arguments in the order of its parameters; gives back
 * its result. `takes` are the shapes of the arguments, `returns` that of the result. Throws `HostError` where there is
 * none.
 */
export function call(operation, values, { takes = [], returns = any } = {}) {
  return read(operation, returns, asking(() => tasks.call(operation, written(takes, values))));
}

/**
 * Calls one operation once for each array of arguments, at most `parallel` at a time (0: as many as the host has
 * cores). Outcomes come in the order of the arguments: results, and `HostError`s (not thrown) of children that failed.
 * Throws `HostError` where all of them together are refused.
 */
export function map(operation, all, { takes = [], returns = any, parallel = 0 } = {}) {
  const bytes = all.map((values) => written(takes, values));
  const outcomes = asking(() => tasks.map(operation, bytes, parallel));
  return outcomes.map(({ tag, val }) => (tag === "err" ? exception(val) : read(operation, returns, val)));
}

function written(takes, values) {
  return encode(values.map((value, at) => (takes[at] ?? any).write(value)));
}

function read(operation, shape, bytes) {
  try {
    return shape.read(decode(bytes));
  } catch (error) {
    throw new Invalid(`the result of \`${operation}\` is of another type: ${error.message}`);
  }
}
