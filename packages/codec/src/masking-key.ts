import { checkInteger } from './check.ts';

/** The order of bytes in a word of this machine: words are XORed as they lie in memory. */
const LITTLE_ENDIAN = /* @__PURE__ */ (() => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1)();

/** Throws unless the value is a masking key. */
export function checkMaskingKey(maskingKey: number): void {
  checkInteger(maskingKey, 'a masking key', -0x80000000, 0xffffffff);
}

/** Checks a key and a phase, and gives the masking key that starts `phase` bytes into the payload. */
export function turnChecked(maskingKey: number, phase: number): number {
  checkMaskingKey(maskingKey);
  checkInteger(phase, 'the phase', 0, Number.MAX_SAFE_INTEGER);
  return turn(maskingKey, phase % 4);
}

/** The masking key that starts `phase` bytes into the payload. */
export function turn(maskingKey: number, phase: number): number {
  const bits = (phase & 3) << 3;
  // A shift by 32 is one by 0.
  return (maskingKey << bits) | (maskingKey >>> (32 - bits));
}

/** A masking key as a word of this machine. */
export function asWord(key: number): number {
  if (!LITTLE_ENDIAN) return key;
  return (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24);
}
