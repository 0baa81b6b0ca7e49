import { checkBytes, checkInteger } from './check.ts';

/**
 * Masking, RFC 6455 section 5.3: byte i of the payload is XORed with byte i mod 4 of the masking key.
 *
 * A masking key is a 32-bit integer as the RFC prints it: 0x37fa213d are the bytes 37 fa 21 3d.
 */

/** The order of bytes in a word of this machine: words are XORed as they lie in memory. */
const LITTLE_ENDIAN = /* @__PURE__ */ (() => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)();

/**
 * Below this many bytes a loop over bytes is as fast. Arrays of up to 64 bytes live on the heap of the engine, which must
 * move them off it for a view of their words.
 */
export const WORDS_FROM = 65;

/** From here on, two passes over what is in the cache are as fast as one, and need not be aligned alike. */
const COPY_FIRST_FROM = 4097;

/** How an engine XORs many bytes at once. The words are views of whole buffers, since to make one costs as much as to XOR 100 bytes. */
export interface MaskKernel<Words = unknown> {
  /** The bytes of a word. */
  readonly wordBytes: 4 | 8;
  /** The whole words of a buffer, from its start. */
  words(buffer: ArrayBufferLike): Words;
  /** `target[at + i] = source[from + i] ^ key` for `count` words; `key` are four bytes as they lie in memory, repeated. */
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

/** Masks with a kernel, and remembers the words of the buffers that it met last. */
export class Masker {
  readonly #kernel: MaskKernel;
  #sourceBuffer: ArrayBufferLike | undefined;
  #sourceWords: unknown;
  #targetBuffer: ArrayBufferLike | undefined;
  #targetWords: unknown;

  constructor(kernel: MaskKernel = int32Kernel) {
    this.#kernel = kernel;
  }

  /** Lets go of the buffers, which are not this one's to keep alive. */
  forget(): void {
    this.#sourceBuffer = undefined;
    this.#sourceWords = undefined;
    this.#targetBuffer = undefined;
    this.#targetWords = undefined;
  }

  /**
   * XORs `source[from, to)` with the masking key and writes it to `target` from `at` on. Source and target may share
   * memory only if they are the same range. The arguments are trusted; the key is a signed integer.
   *
   * @param phase the index of `source[from]` in the payload
   */
  mask(
    target: Uint8Array,
    at: number,
    source: Uint8Array,
    from: number,
    to: number,
    maskingKey: number,
    phase: number,
  ): void {
    const length = to - from;
    const key = turn(maskingKey, phase);
    if (length < WORDS_FROM) {
      maskBytes(target, at, source, from, to, key);
      return;
    }
    const { wordBytes } = this.#kernel;
    const start = target.byteOffset + at;
    if (
      target !== source &&
      (length >= COPY_FIRST_FROM || ((start - source.byteOffset - from) & (wordBytes - 1)) !== 0)
    ) {
      target.set(source.subarray(from, to), at);
      source = target;
      from = at;
      to = at + length;
    }
    const head = -start & (wordBytes - 1);
    maskBytes(target, at, source, from, from + head, key);
    const count = ((length - head) / wordBytes) | 0;
    const body = head + count * wordBytes;
    const turned = turn(key, head);
    const targetWords = this.#wordsOfTarget(target.buffer);
    this.#kernel.xor(
      targetWords,
      (start + head) / wordBytes,
      target === source ? targetWords : this.#wordsOfSource(source.buffer),
      (source.byteOffset + from + head) / wordBytes,
      count,
      LITTLE_ENDIAN ? swap(turned) : turned,
    );
    maskBytes(target, at + body, source, from + body, to, turned);
  }

  #wordsOfSource(buffer: ArrayBufferLike): unknown {
    if (buffer !== this.#sourceBuffer) {
      this.#sourceWords = this.#kernel.words(buffer);
      this.#sourceBuffer = buffer;
    }
    return this.#sourceWords;
  }

  #wordsOfTarget(buffer: ArrayBufferLike): unknown {
    if (buffer !== this.#targetBuffer) {
      this.#targetWords = this.#kernel.words(buffer);
      this.#targetBuffer = buffer;
    }
    return this.#targetWords;
  }
}

/** For callers who mask now and then. */
const masker = /* @__PURE__ */ new Masker();

/** {@link Masker.mask}, remembering nothing. */
export function maskRange(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  maskingKey: number,
  phase: number,
): void {
  masker.mask(target, at, source, from, to, maskingKey, phase);
  masker.forget();
}

/** The key that starts `phase` bytes into the payload. */
function turn(maskingKey: number, phase: number): number {
  const bits = (phase & 3) << 3;
  return bits === 0 ? maskingKey : (maskingKey << bits) | (maskingKey >>> (32 - bits));
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** Masks byte by byte; the key starts with `source[from]`. */
export function maskBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  key: number,
): void {
  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  for (; from + 4 <= to; from += 4, at += 4) {
    target[at] = source[from]! ^ k0;
    target[at + 1] = source[from + 1]! ^ k1;
    target[at + 2] = source[from + 2]! ^ k2;
    target[at + 3] = source[from + 3]! ^ k3;
  }
  if (from < to) target[at] = source[from]! ^ k0;
  if (from + 1 < to) target[at + 1] = source[from + 1]! ^ k1;
  if (from + 2 < to) target[at + 2] = source[from + 2]! ^ k2;
}

/** Copies `source[from, to)` to `target` from `at` on. The arguments are trusted. */
export function copyRange(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  // A view costs more than a short loop.
  if (to - from < WORDS_FROM) for (let i = from; i < to; i++) target[at++] = source[i]!;
  else target.set(source.subarray(from, to), at);
}

/** Reads the masking key that lies at `at`, as a signed 32-bit integer. The caller has seen to it that it is there. */
export function readMaskingKey(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Throws unless the value is a masking key. */
export function checkMaskingKey(maskingKey: number): void {
  checkInteger(maskingKey, 'a masking key', -0x80000000, 0xffffffff);
}

/**
 * Masks or unmasks `data` in place (RFC 6455, section 5.3); doing it twice gives the data back.
 *
 * @param data the bytes to change
 * @param maskingKey a 32-bit integer, signed or not, as the RFC prints it: 0x37fa213d
 * @param phase the index of `data[0]` in the frame's payload, for a payload that comes in parts
 * @throws TypeError or RangeError for what is no bytes, no key or no index
 */
export function applyMask(data: Uint8Array, maskingKey: number, phase = 0): void {
  checkBytes(data, 'data');
  checkMaskingKey(maskingKey);
  checkInteger(phase, 'the phase', 0, Number.MAX_SAFE_INTEGER);
  maskRange(data, 0, data, 0, data.length, maskingKey | 0, phase % 4);
}

/**
 * Writes `data`, masked, to `target` from the index `at` on; `data` is not changed. The two may not overlap
 * unless they are the same bytes.
 *
 * @throws RangeError if `target` has no room for `data` at `at`; TypeError and RangeError as {@link applyMask}
 */
export function maskInto(target: Uint8Array, at: number, data: Uint8Array, maskingKey: number, phase = 0): void {
  checkBytes(target, 'target');
  checkBytes(data, 'data');
  checkMaskingKey(maskingKey);
  checkInteger(phase, 'the phase', 0, Number.MAX_SAFE_INTEGER);
  checkInteger(at, `the place of ${data.length} bytes in a target of ${target.length}`, 0, target.length - data.length);
  maskRange(target, at, data, 0, data.length, maskingKey | 0, phase % 4);
}
