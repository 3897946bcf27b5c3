// UTF-8: the interpreter has no `TextDecoder` and `TextEncoder`.

/** The smallest code point that a sequence of so many bytes may hold. */
const SMALLEST = [0, 0, 0x80, 0x800, 0x10000];

/** The text that the bytes are; undefined where they are no UTF-8. */
export function text(bytes) {
  const parts = [];
  let points = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
    if (length === 0 || at + length > bytes.length) return undefined;
    let point = length === 1 ? first : first & (0x7f >> length);
    for (let more = 1; more < length; more += 1) {
      const next = bytes[at + more];
      if ((next & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (next & 0x3f);
    }
    const isSurrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < SMALLEST[length] || point > 0x10ffff || isSurrogate) return undefined;
    points.push(point);
    at += length;
    if (points.length === 4096) {
      parts.push(String.fromCodePoint(...points));
      points = [];
    }
  }
  parts.push(String.fromCodePoint(...points));
  return parts.join("");
}

/** The bytes of a text; a surrogate without its other half becomes U+FFFD. */
export function utf8(text) {
  const bytes = [];
  for (const letter of text.toWellFormed()) {
    const point = letter.codePointAt(0);
    const tail = (shift) => 0x80 | ((point >> shift) & 0x3f);
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(0));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(6), tail(0));
    else bytes.push(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
  }
  return new Uint8Array(bytes);
}
