type Range = readonly [from: number, to: number];

const TAIL: Range = [0x80, 0xbf];

/** Unicode Standard, table 3-7, "Well-Formed UTF-8 Byte Sequences": a row is the range of each byte of a sequence. */
const TABLE_3_7: readonly (readonly Range[])[] = [
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
export type Expected = readonly Range[];

export const BETWEEN_SEQUENCES: Expected = [];

const contains = ([from, to]: Range, byte: number): boolean => from <= byte && byte <= to;

/** What is expected after `byte`, or undefined when no well-formed text goes on with it. */
export function afterByte(expected: Expected, byte: number): Expected | undefined {
  const row = expected.length > 0 ? expected : TABLE_3_7.find((row) => contains(row[0]!, byte));
  return row !== undefined && contains(row[0]!, byte) ? row.slice(1) : undefined;
}

export interface Utf8Verdict {
  /** Index of the first byte that cannot continue the text, -1 if there is none. */
  readonly bad: number;
  /** No bad byte, but the last sequence is cut off. */
  readonly incomplete: boolean;
}

export function firstBadUtf8(bytes: Uint8Array): Utf8Verdict {
  let expected = BETWEEN_SEQUENCES;
  for (let i = 0; i < bytes.length; i++) {
    const next = afterByte(expected, bytes[i]!);
    if (next === undefined) return { bad: i, incomplete: false };
    expected = next;
  }
  return { bad: -1, incomplete: expected.length > 0 };
}
