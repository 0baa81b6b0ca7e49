/** Bytes from one to another, both included. */
export type ByteRange = readonly [from: number, to: number];

const TAIL: ByteRange = [0x80, 0xbf];

/** Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences": a row is the range of each byte of a sequence. */
const TABLE_3_7: readonly (readonly ByteRange[])[] = [
  [[0x00, 0x7f]],
  [[0xc2, 0xdf], TAIL],
  [[0xe0, 0xe0], [0xa0, 0xbf], TAIL],
  [[0xe1, 0xec], TAIL, TAIL],
  [[0xed, 0xed], [0x80, 0x9f], TAIL],
  [[0xee, 0xef], TAIL, TAIL],
  [[0xf0, 0xf0], [0x90, 0xbf], TAIL, TAIL],
  [[0xf1, 0xf3], TAIL, TAIL, TAIL],
  [[0xf4, 0xf4], [0x80, 0x8f], TAIL, TAIL],
];

/** The ranges that the next bytes must lie in to end the sequence that is open; empty between two sequences. */
export type Expected = readonly ByteRange[];

/** The expectation at the start of a text: any sequence. */
export const BETWEEN_SEQUENCES: Expected = [];

const contains = ([from, to]: ByteRange, byte: number): boolean => from <= byte && byte <= to;

/** The expectation after `byte`, or undefined when no well-formed text goes on with it. */
export function afterByte(expected: Expected, byte: number): Expected | undefined {
  const row = expected.length > 0 ? expected : TABLE_3_7.find((row) => contains(row[0]!, byte));
  return row !== undefined && contains(row[0]!, byte) ? row.slice(1) : undefined;
}

/** Where a text is not UTF-8. */
export interface Utf8Verdict {
  /** Index of the first byte that cannot continue the text, -1 if there is none. */
  readonly bad: number;
  /** No bad byte, but the last sequence is cut off. */
  readonly incomplete: boolean;
}

/** Judges a whole text by table 3-7 of the Unicode Standard. */
export function firstBadUtf8(bytes: Uint8Array): Utf8Verdict {
  let expected = BETWEEN_SEQUENCES;
  for (let i = 0; i < bytes.length; i++) {
    const next = afterByte(expected, bytes[i]!);
    if (next === undefined) return { bad: i, incomplete: false };
    expected = next;
  }
  return { bad: -1, incomplete: expected.length > 0 };
}

/** The UTF-8 of a string; a lone surrogate, which has none, becomes U+FFFD. */
export function utf8Of(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const character of text) {
    let point = character.codePointAt(0)!;
    if (0xd800 <= point && point <= 0xdfff) point = 0xfffd;
    const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(0));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), tail(6), tail(0));
    else bytes.push(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
  }
  return Uint8Array.from(bytes);
}

/** The string of well-formed UTF-8; a BOM is a character like any other. */
export function textOf(utf8: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < utf8.length; ) {
    const lead = utf8[i]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let point = length === 1 ? lead : lead & (0xff >> (length + 1));
    for (let tail = 1; tail < length; tail++) point = (point << 6) | (utf8[i + tail]! & 0x3f);
    text += String.fromCodePoint(point);
    i += length;
  }
  return text;
}
