import { asWord } from './masking-key.ts';

/**
 * Below this many bytes a loop over bytes is as fast as making words and using them. Arrays of up to 64 bytes live on
 * the heap of the engine, which must move them off it for a view of their words.
 */
export const WORDS_FROM = 65;

/**
 * How an engine XORs many bytes at once. The words are a view of a whole buffer, since making one costs as much as
 * XORing 100 bytes.
 */
export interface MaskKernel<Words = unknown> {
  /** The bytes of a word. */
  readonly wordBytes: 4 | 8;
  /** The whole words of a buffer, from its start. */
  words(buffer: ArrayBufferLike): Words;
  /**
   * Byte `i` of the target's buffer becomes byte `i + away` of the source's, XORed, for `start <= i < end`: at least 16
   * bytes, all in whole words. `away` is whole words. Source and target are the same and `away` is 0, or they share no
   * memory. In the words at either end, the bytes outside the range become those of the source.
   *
   * @param key four bytes as they lie in memory, in a word and so in each
   */
  xor(target: Words, start: number, end: number, source: Words, away: number, key: number): void;
}

/** HEAD[h] keeps a word's bytes from h on, TAIL[t] those before t. */
const HEAD = /* @__PURE__ */ [0, 1, 2, 3].map((h) => asWord(0xffff_ffff >>> (8 * h)));
const TAIL = /* @__PURE__ */ HEAD.map((head) => ~head);

/** The kernel that is fast on every engine. */
export const int32Kernel: MaskKernel<Int32Array> = {
  wordBytes: 4,
  words: (buffer) => new Int32Array(buffer, 0, buffer.byteLength >>> 2),
  xor(target, start, end, source, away, key) {
    xorInt32(target, start, end, source, away, key, false);
  },
};

/**
 * XORs as `int32Kernel` does. Returns, if it is wanted, an OR of the range that was written, which tells whether all of
 * it is ASCII. `| 0` tells the engine that these are integers.
 */
export function xorInt32(
  target: Int32Array,
  start: number,
  end: number,
  source: Int32Array,
  away: number,
  key: number,
  wantsOr: boolean,
): number {
  let or = 0;
  let i = (start * 0.25) | 0;
  const last = (end * 0.25) | 0;
  const d = (away * 0.25) | 0;
  if ((start & 3) !== 0) {
    const mask = HEAD[start & 3]!;
    or |= mask & (target[i] = source[i + d]! ^ (key & mask));
    i++;
  }
  if (wantsOr) or |= xorWordsOr(target, i, last, source, d, key);
  else if (target === source) xorInPlace(target, i, last, key);
  else xorWords(target, i, last, source, d, key);
  if ((end & 3) !== 0) {
    const mask = TAIL[end & 3]!;
    or |= mask & (target[last] = source[last + d]! ^ (key & mask));
  }
  return or;
}

// The loops are functions of their own for JavaScriptCore: a counter that once was a fraction slows them down to a
// third.

/** Indices are checked against one array, not two: a quarter faster on V8, twice as fast on JavaScriptCore. */
export function xorInPlace(words: Int32Array, i: number, last: number, key: number): void {
  for (; i + 8 <= last; i += 8) {
    words[i]! ^= key;
    words[i + 1]! ^= key;
    words[i + 2]! ^= key;
    words[i + 3]! ^= key;
    words[i + 4]! ^= key;
    words[i + 5]! ^= key;
    words[i + 6]! ^= key;
    words[i + 7]! ^= key;
  }
  for (; i < last; i++) words[i]! ^= key;
}

function xorWords(target: Int32Array, i: number, last: number, source: Int32Array, d: number, key: number): void {
  for (; i + 8 <= last; i += 8) {
    const s = i + d;
    target[i] = source[s]! ^ key;
    target[i + 1] = source[s + 1]! ^ key;
    target[i + 2] = source[s + 2]! ^ key;
    target[i + 3] = source[s + 3]! ^ key;
    target[i + 4] = source[s + 4]! ^ key;
    target[i + 5] = source[s + 5]! ^ key;
    target[i + 6] = source[s + 6]! ^ key;
    target[i + 7] = source[s + 7]! ^ key;
  }
  for (; i < last; i++) target[i] = source[i + d]! ^ key;
}

function xorWordsOr(target: Int32Array, i: number, last: number, source: Int32Array, d: number, key: number): number {
  let or = 0;
  for (; i + 8 <= last; i += 8) {
    const s = i + d;
    or |= target[i] = source[s]! ^ key;
    or |= target[i + 1] = source[s + 1]! ^ key;
    or |= target[i + 2] = source[s + 2]! ^ key;
    or |= target[i + 3] = source[s + 3]! ^ key;
    or |= target[i + 4] = source[s + 4]! ^ key;
    or |= target[i + 5] = source[s + 5]! ^ key;
    or |= target[i + 6] = source[s + 6]! ^ key;
    or |= target[i + 7] = source[s + 7]! ^ key;
  }
  for (; i < last; i++) or |= target[i] = source[i + d]! ^ key;
  return or;
}

/** Masks byte by byte; the key starts with `source[from]`. Returns an OR of the bytes that were written. */
export function maskBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  key: number,
): number {
  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  let or = 0;
  for (; from + 4 <= to; from += 4, at += 4) {
    const a = source[from]! ^ k0;
    const b = source[from + 1]! ^ k1;
    const c = source[from + 2]! ^ k2;
    const d = source[from + 3]! ^ k3;
    target[at] = a;
    target[at + 1] = b;
    target[at + 2] = c;
    target[at + 3] = d;
    or |= a | b | c | d;
  }
  if (from < to) or |= target[at] = source[from]! ^ k0;
  if (from + 1 < to) or |= target[at + 1] = source[from + 1]! ^ k1;
  if (from + 2 < to) or |= target[at + 2] = source[from + 2]! ^ k2;
  return or;
}

/** Whether an OR of bytes, or of words, says that all of them are ASCII. */
export function isAscii(or: number): boolean {
  return (or & 0x80808080) === 0;
}
