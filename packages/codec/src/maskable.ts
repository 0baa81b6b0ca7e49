import { checkBytes, checkInteger } from './check.ts';
import { int32Kernel, type MaskKernel, maskBytes, xorInt32 } from './mask-kernel.ts';
import { asWord, turn, turnChecked } from './masking-key.ts';

/** From this length on, an existing word view beats a byte loop; making one pays from `WORDS_FROM` on. */
export const XOR_FROM = 24;

/** Up to this length, a loop over words of 32 bits costs less than to call a kernel, which is made for many words. */
const LOOP_UP_TO = 48;

/**
 * An array with a view of its words, to mask many ranges of it. Making one costs as much as masking some 200 bytes:
 * make one for each chunk, and let go of both together.
 */
export class Maskable {
  /** The array itself. */
  readonly bytes: Uint8Array;
  /** The buffer and byteOffset of `bytes`, cached: the getters are slow on some engines. */
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly #kernel: MaskKernel;
  /** The buffer as words of the kernel, and as 32-bit ones, which only texts need if the kernel has others. */
  readonly #words: unknown;
  #words32: Int32Array | undefined;
  /** How many bytes of the buffer lie in whole words. */
  readonly #wholeBytes: number;

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
    this.#words = kernel.wordBytes === 4 ? this.#int32() : kernel.words(this.buffer);
    this.#wholeBytes = this.buffer.byteLength - (this.buffer.byteLength % 8);
  }

  /**
   * Masks or unmasks `bytes[start, end)` in place (RFC 6455, section 5.3).
   *
   * @param maskingKey a 32-bit integer, signed or not, as the RFC prints it: 0x37fa213d
   * @param phase the index of `bytes[start]` in the frame's payload, for a payload that comes in parts
   * @throws TypeError or RangeError if an argument is not a range of the array, a key or an index
   */
  mask(start: number, end: number, maskingKey: number, phase = 0): void {
    const { bytes } = this;
    // One quick test for what the decoders give, which is always right.
    const plain = (start | 0) === start && (end | 0) === end && (maskingKey | 0) === maskingKey && phase === 0;
    if (!plain || start < 0 || end < start || end > bytes.length) {
      checkInteger(start, 'the start', 0, bytes.length);
      checkInteger(end, 'the end', start, bytes.length);
      maskingKey = turnChecked(maskingKey, phase);
    }
    if (end - start < XOR_FROM) maskBytes(bytes, start, bytes, start, end, maskingKey);
    else this.xor(start, this, start, end, maskingKey, false);
  }

  /**
   * `bytes[at + i] = source.bytes[from + i] ^ key`, up to `to`, by words: at least 24 bytes, at the same place within
   * their words in both arrays. Either in place; or from another array's memory, and then bytes of the target that
   * share a word with the range are overwritten. The arguments are trusted.
   *
   * @param key starts with `source.bytes[from]`
   * @returns an OR of what was written if it is wanted, see `isAscii`; else -1
   * @internal
   */
  xor(at: number, source: Maskable, from: number, to: number, key: number, wantsOr: boolean): number {
    const start = this.byteOffset + at;
    const away = source.byteOffset + from - start;
    const word = asWord(turn(key, -start));
    let end = start + to - from;
    let or = 0;
    // The last bytes of a buffer may be no whole word.
    if (end > this.#wholeBytes || end + away > source.#wholeBytes) {
      const rest = end & 7;
      or = maskBytes(this.bytes, at + to - from - rest, source.bytes, to - rest, to, turn(key, to - from - rest));
      end -= rest;
    }
    if (wantsOr) return or | xorInt32(this.#int32(), start, end, source.#int32(), away, word, true);
    this.#kernel.xor(this.#words, start, end, source.#words, away, word);
    return -1;
  }

  /**
   * XORs as {@link xor} does from another array, for any length and without an OR: whole words, so that a short payload
   * costs a few. The bytes of the target that share a word with the range are overwritten.
   *
   * @internal
   */
  xorWords(at: number, source: Maskable, from: number, to: number, key: number): void {
    const start = this.byteOffset + at;
    const away = source.byteOffset + from - start;
    if (to - from <= LOOP_UP_TO) {
      const target = this.#int32();
      const words = source.#int32();
      const last = ((start + to - from + 3) * 0.25) | 0;
      const d = (away * 0.25) | 0;
      if (last <= target.length && last + d <= words.length) {
        const word = asWord(turn(key, -start));
        for (let i = (start * 0.25) | 0; i < last; i++) target[i] = words[i + d]! ^ word;
        return;
      }
    }
    const first = start - (start & 7);
    const end = start + to - from + 7;
    const last = end - (end & 7);
    if (last > this.#wholeBytes || last + away > source.#wholeBytes) {
      maskBytes(this.bytes, at, source.bytes, from, to, key);
    } else this.#kernel.xor(this.#words, first, last, source.#words, away, asWord(turn(key, -start)));
  }

  #int32(): Int32Array {
    this.#words32 ??= int32Kernel.words(this.buffer);
    return this.#words32;
  }
}
