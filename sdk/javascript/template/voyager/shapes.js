// Shapes of values of WIT: how they are written for MessagePack, and read.

import { Float } from "./msgpack.js";

/** As it is. */
export const any = { write: (value) => value, read: (value) => value };

/** A float, also where the number is whole. */
export const float = { write: (value) => new Float(value), read: (value) => value };

/** A list of values of one shape. */
export function list(of) {
  return {
    write: (values) => values.map((value) => of.write(value)),
    read: (values) => array(values).map((value) => of.read(value)),
  };
}

/** A value, or `null`. */
export function optional(of) {
  const either = (value, present) => (value === null || value === undefined ? null : present(value));
  return { write: (value) => either(value, of.write), read: (value) => either(value, of.read) };
}

/** Values, each of a shape of its own. */
export function tuple(...shapes) {
  return {
    write: (values) => shapes.map((shape, at) => shape.write(values[at])),
    read: (values) => array(values, shapes.length).map((value, at) => shapes[at].read(value)),
  };
}

/** An object whose fields stand in the order of the WIT record: `record({ path: any, line: any })`. */
export function record(fields) {
  const [names, inner] = [Object.keys(fields), tuple(...Object.values(fields))];
  return {
    write: (value) => inner.write(names.map((name) => value[name])),
    read: (values) => Object.fromEntries(inner.read(values).map((value, at) => [names[at], value])),
  };
}

function array(values, length = values?.length) {
  if (!Array.isArray(values)) throw new TypeError("a list is expected");
  if (values.length !== length) throw new TypeError(`${length} values are expected, not ${values.length}`);
  return values;
}
