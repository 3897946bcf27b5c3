// MessagePack, as far as values of WIT need it: `@msgpack/msgpack` wants web APIs that the interpreter has not.
//
// Whole numbers are numbers, and `BigInt`s where they are beyond 2^53; `Float` is a number that is written as a float
// though it is whole. `null` is nil, a `Uint8Array` bytes, an object a map.

import { text, utf8 } from "./utf8.js";

/** A number that is a float, whole or not. */
export class Float {
  constructor(value) {
    this.value = value;
  }
}

/** The bytes of a value. */
export function encode(value) {
  const parts = [];
  write(parts, value);
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function write(parts, value) {
  if (value === null || value === undefined) parts.push([0xc0]);
  else if (typeof value === "boolean") parts.push([value ? 0xc3 : 0xc2]);
  else if (typeof value === "bigint") writeInt(parts, value);
  else if (typeof value === "number" && Number.isSafeInteger(value)) writeInt(parts, BigInt(value));
  else if (typeof value === "number") writeFloat(parts, value);
  else if (value instanceof Float) writeFloat(parts, value.value);
  else if (typeof value === "string") {
    const bytes = utf8(value);
    parts.push(head(bytes.length, { fix: 0xa0, most: 31, tags: [0xd9, 0xda, 0xdb] }), bytes);
  } else if (value instanceof Uint8Array) {
    parts.push(head(value.length, { most: -1, tags: [0xc4, 0xc5, 0xc6] }), value);
  } else if (Array.isArray(value)) {
    parts.push(head(value.length, { fix: 0x90, most: 15, tags: [null, 0xdc, 0xdd] }));
    for (const item of value) write(parts, item);
  } else if (typeof value === "object") {
    const entries = Object.entries(value);
    parts.push(head(entries.length, { fix: 0x80, most: 15, tags: [null, 0xde, 0xdf] }));
    for (const [key, item] of entries) {
      write(parts, key);
      write(parts, item);
    }
  } else throw new TypeError(`a ${typeof value} is no value of WIT`);
}

/** The first bytes of what has a length: in the tag itself, or in one, two or four bytes behind it. */
function head(length, { fix, most, tags }) {
  if (length <= most) return [fix | length];
  if (length < 0x100 && tags[0] !== null) return [tags[0], length];
  if (length < 0x10000) return [tags[1], length >> 8, length & 0xff];
  return [tags[2], length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
}

/** The shortest form of a whole number. */
function writeInt(parts, value) {
  if (value >= 0n ? value < 0x80n : value >= -0x20n) {
    parts.push([Number(value) & 0xff]);
    return;
  }
  const negative = value < 0n;
  if (negative ? value < -(1n << 63n) : value >= 1n << 64n) {
    throw new RangeError(`${value} has more than 64 bits`);
  }
  const fits = (bits) => (negative ? value >= -(1n << BigInt(bits - 1)) : value < 1n << BigInt(bits));
  const size = [8, 16, 32, 64].findIndex(fits);
  const bytes = new Uint8Array(1 + (1 << size));
  bytes[0] = (negative ? 0xd0 : 0xcc) + size;
  for (let at = bytes.length - 1, rest = value; at > 0; at -= 1, rest >>= 8n) {
    bytes[at] = Number(rest & 0xffn);
  }
  parts.push(bytes);
}

function writeFloat(parts, value) {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  parts.push(bytes);
}

/** The value that the bytes are; throws `RangeError` where they are none. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (reader.at !== bytes.length) throw new RangeError("bytes are left behind the value");
  return value;
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  take(length) {
    if (this.at + length > this.bytes.length) throw new RangeError("the bytes end inside the value");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  uint(length) {
    return this.take(length).reduce((whole, byte) => whole * 256 + byte, 0);
  }

  /** A whole number of 64 bits or less. */
  int(length, signed) {
    let whole = this.take(length).reduce((whole, byte) => (whole << 8n) | BigInt(byte), 0n);
    if (signed) whole = BigInt.asIntN(8 * length, whole);
    const number = Number(whole);
    return Number.isSafeInteger(number) ? number : whole;
  }

  float(length) {
    const bytes = this.take(length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    return length === 4 ? view.getFloat32(0) : view.getFloat64(0);
  }

  string(length) {
    const read = text(this.take(length));
    if (read === undefined) throw new RangeError("a text is not UTF-8");
    return read;
  }

  list(length) {
    const items = [];
    for (let left = length; left > 0; left -= 1) items.push(this.value());
    return items;
  }

  map(length) {
    const entries = [];
    for (let left = length; left > 0; left -= 1) entries.push([this.value(), this.value()]);
    return Object.fromEntries(entries);
  }

  value() {
    const tag = this.uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.map(tag & 0x0f);
    if (tag < 0xa0) return this.list(tag & 0x0f);
    if (tag < 0xc0) return this.string(tag & 0x1f);
    if (tag >= 0xe0) return tag - 0x100;
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return tag === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.take(this.uint(1 << (tag - 0xc4))).slice();
      case 0xca:
      case 0xcb:
        return this.float(tag === 0xca ? 4 : 8);
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.int(1 << (tag - 0xcc), false);
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.int(1 << (tag - 0xd0), true);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.uint(1 << (tag - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.list(this.uint(tag === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return this.map(this.uint(tag === 0xde ? 2 : 4));
      default:
        throw new RangeError(`0x${tag.toString(16)} begins no value of WIT`);
    }
  }
}
