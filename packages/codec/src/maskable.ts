import { checkBytes, checkInteger } from './check.ts';
import { int32Kernel, type MaskKernel, maskBytes, WORDS_FROM, xorText } from './mask-kernel.ts';
import { asWord, checkMaskingKey, turn } from './masking-key.ts';

/** Of a word, the bytes from the h-th on; and those before the t-th. */
const HEAD = /* @__PURE__ */ [0, 1, 2, 3].map((h) => asWord(0xffff_ffff >>> (8 * h)));
const TAIL = /* @__PURE__ */ HEAD.map((head, t) => (t === 0 ? 0 : ~head));

/**
 * An array with its words at hand, to mask many ranges of it. To make one costs as much as to mask some 200 bytes: make one
 * for a chunk, say, and let go of it with the chunk.
 */
export class Maskable {
  /** The array itself. */
  readonly bytes: Uint8Array;
  /** Its buffer and byteOffset, which some engines take long to tell. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly #kernel: MaskKernel;
  /** The buffer as 32-bit words, and as those of the kernel. */
  readonly #words32: Int32Array;
  readonly #words: unknown;

  /**
   * @param kernel Default: one that is fast on every engine; on V8 `bigUint64Kernel` is faster
   * @throws TypeError if `bytes` is no Uint8Array
   */
  constructor(bytes: Uint8Array, kernel: MaskKernel = int32Kernel) {
    checkBytes(bytes, 'bytes');
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.byteOffset = bytes.byteOffset;
    this.#kernel = kernel;
    this.#words32 = int32Kernel.words(this.buffer);
    this.#words = kernel.wordBytes === 4 ? this.#words32 : kernel.words(this.buffer);
  }

  /**
   * Masks or unmasks `bytes[start, end)` in place (RFC 6455, section 5.3).
   *
   * @param maskingKey a 32-bit integer, signed or not, as the RFC prints it: 0x37fa213d
   * @param phase the index of `bytes[start]` in the frame's payload, for a payload that comes in parts
   * @throws TypeError or RangeError for what is no range of the array, no key or no index
   */
  mask(start: number, end: number, maskingKey: number, phase = 0): void {
    const { bytes } = this;
    // What the decoders give is seen at a glance to be right.
    const plain = (start | 0) === start && (end | 0) === end && (maskingKey | 0) === maskingKey && phase === 0;
    if (!plain || start < 0 || end < start || end > bytes.length) {
      checkInteger(start, 'the start', 0, bytes.length);
      checkInteger(end, 'the end', start, bytes.length);
      checkMaskingKey(maskingKey);
      checkInteger(phase, 'the phase', 0, Number.MAX_SAFE_INTEGER);
      maskingKey = turn(maskingKey, phase % 4);
    }
    if (end - start < WORDS_FROM) maskBytes(bytes, start, bytes, start, end, maskingKey);
    else this.xor(start, this, start, end, maskingKey, false);
  }

  /**
   * `bytes[at + i] = source.bytes[from + i] ^ key`, up to `to`, by words: at least 8 bytes, which lie alike in their words.
   * Either in place; or from elsewhere, and then bytes of the target that share a word with the range are overwritten.
   * The arguments are trusted.
   *
   * @param key starts with `source.bytes[from]`
   * @returns an OR of what was written if it is `text`, see `isAscii`; else -1
   */
  xor(at: number, source: Maskable, from: number, to: number, key: number, text: boolean): number {
    const target32 = this.#words32;
    const source32 = source.#words32;
    const start = this.byteOffset + at;
    const end = start + to - from;
    const head = start & 3;
    const word = asWord(turn(key, -head));
    // By | 0 the engine sees integers. No buffer has 2^31 words.
    let i = (start * 0.25) | 0;
    const whole = (end * 0.25) | 0;
    /** From a word of the target to that of the source. */
    const away = ((source.byteOffset + from - start) * 0.25) | 0;
    let or = text ? 0 : -1;
    if (head !== 0) {
      const mask = HEAD[head]!;
      const value = source32[i + away]! ^ (word & mask);
      target32[i++] = value;
      or |= value & mask;
    }
    if (text) {
      or |= xorText(target32, i, source32, i + away, whole - i, word);
      i = whole;
    } else i = this.#xorWords(i, source, i + away, whole - i, word);
    const tail = end & 3;
    if (tail !== 0) or |= this.#xorTail(i, source, i + away, tail, word);
    return or;
  }

  /** `count` whole words of 32 bits, by the kernel. Returns the index behind them. */
  #xorWords(i: number, source: Maskable, j: number, count: number, word: number): number {
    const kernel = this.#kernel;
    if (kernel.wordBytes === 4) {
      kernel.xor(this.#words, i, source.#words, j, count, word);
      return i + count;
    }
    const end = i + count;
    const away = j - i;
    if ((i & 1) === 1) this.#words32[i] = source.#words32[i++ + away]! ^ word;
    const wide = (end - i) >> 1;
    kernel.xor(this.#words, i >> 1, source.#words, (i + away) >> 1, wide, word);
    i += wide << 1;
    if (i < end) this.#words32[i] = source.#words32[i++ + away]! ^ word;
    return i;
  }

  /** The first bytes of a word; if it is the last of a buffer, it may not be whole. */
  #xorTail(i: number, source: Maskable, j: number, tail: number, word: number): number {
    if (i < this.#words32.length && j < source.#words32.length) {
      const mask = TAIL[tail]!;
      const value = source.#words32[j]! ^ (word & mask);
      this.#words32[i] = value;
      return value & mask;
    }
    const at = i * 4 - this.byteOffset;
    const from = j * 4 - source.byteOffset;
    return maskBytes(this.bytes, at, source.bytes, from, from + tail, asWord(word));
  }
}
