import { checkBytes, checkPlace } from './check.ts';
import { maskBytes, WORDS_FROM, xorInPlace } from './mask-kernel.ts';
import { asWord, turn, turnChecked } from './masking-key.ts';

/*
 * Masking, RFC 6455 section 5.3: byte i of the payload is XORed with byte i mod 4 of the masking key.
 *
 * A masking key is a 32-bit integer as the RFC prints it: 0x37fa213d are the bytes 37 fa 21 3d.
 */

/** Copies `source[from, to)` to `target` from `at` on. The arguments are trusted. */
export function copyRange(target: Uint8Array, at: number, source: Uint8Array, from: number, to: number): void {
  // A view costs more than a short loop.
  if (to - from < WORDS_FROM) for (let i = from; i < to; i++) target[at++] = source[i]!;
  else target.set(from === 0 && to === source.length ? source : source.subarray(from, to), at);
}

/**
 * Copies `source[from, to)` to `target` from `at` on, masked, or masks it in place; the key starts with `source[from]`.
 * Trusted as well.
 */
export function maskRange(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
  key: number,
): void {
  const length = to - from;
  if (length < WORDS_FROM) {
    maskBytes(target, at, source, from, to, key);
    return;
  }
  if (target !== source) copyRange(target, at, source, from, to);
  const start = target.byteOffset + at;
  const head = -start & 3;
  const body = (length - head) & ~3;
  maskBytes(target, at, target, at, at + head, key);
  const turned = turn(key, head);
  const words = new Int32Array(target.buffer, start + head, body >>> 2);
  xorInPlace(words, 0, words.length, asWord(turned));
  maskBytes(target, at + head + body, target, at + head + body, at + length, turned);
}

/**
 * Masks or unmasks `data` in place (RFC 6455, section 5.3); doing it twice gives the data back.
 *
 * @param data the bytes to change
 * @param maskingKey a 32-bit integer, signed or not, as the RFC prints it: 0x37fa213d
 * @param phase the index of `data[0]` in the frame's payload, for a payload that comes in parts
 * @throws TypeError or RangeError if an argument is not bytes, a key or an index
 */
export function applyMask(data: Uint8Array, maskingKey: number, phase = 0): void {
  checkBytes(data, 'data');
  maskRange(data, 0, data, 0, data.length, turnChecked(maskingKey, phase));
}

/**
 * Writes `data`, masked, to `target` from the index `at` on. `data` is not changed; the two must not overlap.
 *
 * @throws RangeError if `target` has no room for `data` at `at`; TypeError and RangeError as {@link applyMask}
 */
export function maskInto(target: Uint8Array, at: number, data: Uint8Array, maskingKey: number, phase = 0): void {
  checkBytes(target, 'target');
  checkBytes(data, 'data');
  const key = turnChecked(maskingKey, phase);
  checkPlace(at, 'data', data.length, target);
  maskRange(target, at, data, 0, data.length, key);
}
