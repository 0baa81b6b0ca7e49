/**
 * Below this many bytes a loop over bytes is as fast. Arrays of up to 64 bytes live on the heap of the engine, which must
 * move them off it for a view of their words.
 */
export const WORDS_FROM = 65;

/** How an engine XORs many bytes at once. The words are a view of a whole buffer, since to make one costs as much as to XOR 100 bytes. */
export interface MaskKernel<Words = unknown> {
  /** The bytes of a word. */
  readonly wordBytes: 4 | 8;
  /** The whole words of a buffer, from its start. */
  words(buffer: ArrayBufferLike): Words;
  /**
   * `target[at + i] = source[from + i] ^ key` for `count` words; `key` are four bytes as they lie in memory, repeated.
   * Source and target are the same words, or share no memory.
   */
  xor(target: Words, at: number, source: Words, from: number, count: number, key: number): void;
}

/** The kernel that is fast on every engine. */
export const int32Kernel: MaskKernel<Int32Array> = {
  wordBytes: 4,
  words: (buffer) => new Int32Array(buffer, 0, buffer.byteLength >>> 2),
  xor(target, at, source, from, count, key) {
    let i = 0;
    for (; i + 8 <= count; i += 8) {
      const t = at + i;
      const s = from + i;
      target[t] = source[s]! ^ key;
      target[t + 1] = source[s + 1]! ^ key;
      target[t + 2] = source[s + 2]! ^ key;
      target[t + 3] = source[s + 3]! ^ key;
      target[t + 4] = source[s + 4]! ^ key;
      target[t + 5] = source[s + 5]! ^ key;
      target[t + 6] = source[s + 6]! ^ key;
      target[t + 7] = source[s + 7]! ^ key;
    }
    for (; i < count; i++) target[at + i] = source[from + i]! ^ key;
  },
};

/** As `int32Kernel.xor`; returns an OR of what was written, which tells whether all of it is ASCII. */
export function xorText(
  target: Int32Array,
  at: number,
  source: Int32Array,
  from: number,
  count: number,
  key: number,
): number {
  let or = 0;
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const t = at + i;
    const s = from + i;
    or |= target[t] = source[s]! ^ key;
    or |= target[t + 1] = source[s + 1]! ^ key;
    or |= target[t + 2] = source[s + 2]! ^ key;
    or |= target[t + 3] = source[s + 3]! ^ key;
    or |= target[t + 4] = source[s + 4]! ^ key;
    or |= target[t + 5] = source[s + 5]! ^ key;
    or |= target[t + 6] = source[s + 6]! ^ key;
    or |= target[t + 7] = source[s + 7]! ^ key;
  }
  for (; i < count; i++) or |= target[at + i] = source[from + i]! ^ key;
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
