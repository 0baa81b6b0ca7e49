import { checkBytes, checkInteger } from './check.ts';

/**
 * Masking, RFC 6455 section 5.3: byte i of the payload is XORed with byte i mod 4 of the masking key.
 *
 * A masking key is a 32-bit integer as the RFC prints it: 0x37fa213d are the bytes 37 fa 21 3d.
 */

/** The order of bytes in a word of this machine: words are XORed as they lie in memory. */
const LITTLE_ENDIAN = /* @__PURE__ */ (() => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)();

/** Below this many bytes, making the views for the word loop costs more than the loop saves. */
const WORDS_FROM = 48;

/** Turns a key so that it starts `phase` bytes into the payload. */
function turn(maskingKey: number, phase: number): number {
  const bits = (phase & 3) << 3;
  return bits === 0 ? maskingKey : (maskingKey << bits) | (maskingKey >>> (32 - bits));
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/**
 * XORs `source[from, to)` with the masking key and writes it to `target` from `at` on. Source and
 * target may be the same memory if they are the same range. The arguments are trusted.
 */
export function maskRange(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  maskingKey: number,
  phase: number,
): void {
  const shift = at - from;
  // Words need both sides aligned alike; otherwise copying first makes them the same memory.
  if (to - from >= WORDS_FROM && target !== source) {
    if (((target.byteOffset + at - source.byteOffset - from) & 3) !== 0) {
      target.set(source.subarray(from, to), at);
      maskRange(target, at, target, at, at + to - from, maskingKey, phase);
      return;
    }
  }

  let i = from;
  let key = turn(maskingKey, phase);
  if (to - from >= WORDS_FROM) {
    for (; ((source.byteOffset + i) & 3) !== 0; i++) {
      target[i + shift] = source[i]! ^ (key >>> 24);
      key = turn(key, 1);
    }
    const words = (to - i) >>> 2;
    const input = new Int32Array(source.buffer, source.byteOffset + i, words);
    const output = target === source ? input : new Int32Array(target.buffer, target.byteOffset + i + shift, words);
    const word = LITTLE_ENDIAN ? swap(key) : key;
    let w = 0;
    for (; w + 8 <= words; w += 8) {
      output[w] = input[w]! ^ word;
      output[w + 1] = input[w + 1]! ^ word;
      output[w + 2] = input[w + 2]! ^ word;
      output[w + 3] = input[w + 3]! ^ word;
      output[w + 4] = input[w + 4]! ^ word;
      output[w + 5] = input[w + 5]! ^ word;
      output[w + 6] = input[w + 6]! ^ word;
      output[w + 7] = input[w + 7]! ^ word;
    }
    for (; w < words; w++) output[w] = input[w]! ^ word;
    i += words << 2;
  }

  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  for (; i + 4 <= to; i += 4) {
    target[i + shift] = source[i]! ^ k0;
    target[i + shift + 1] = source[i + 1]! ^ k1;
    target[i + shift + 2] = source[i + 2]! ^ k2;
    target[i + shift + 3] = source[i + 3]! ^ k3;
  }
  if (i < to) target[i + shift] = source[i]! ^ k0;
  if (i + 1 < to) target[i + shift + 1] = source[i + 1]! ^ k1;
  if (i + 2 < to) target[i + shift + 2] = source[i + 2]! ^ k2;
}

/** Copies `source[from, to)` to `target` from `at` on. The arguments are trusted. */
export function copyRange(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  // A view costs more than a short loop.
  if (to - from <= WORDS_FROM) for (let i = from; i < to; i++) target[at++] = source[i]!;
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
