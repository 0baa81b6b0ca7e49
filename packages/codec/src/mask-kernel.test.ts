import { describe, expect, test } from 'vitest';
import { int32Kernel, Masker, type MaskKernel } from './mask.ts';
import { bigUint64Kernel } from './mask-biguint64.ts';

/** RFC 6455 section 5.3, to the letter. */
function maskByTheLetter(bytes: Uint8Array, key: readonly number[], phase: number): Uint8Array {
  return bytes.map((byte, i) => byte ^ key[(i + phase) % 4]!);
}

const KEY = [0x9c, 0x01, 0x7f, 0xe3];
const maskingKey = 0x9c017fe3 | 0;
const noise = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 167 + (i >> 8) * 59) & 0xff);

describe.each<[string, MaskKernel]>([
  ['int32', int32Kernel as MaskKernel],
  ['bigUint64', bigUint64Kernel as MaskKernel],
])('the kernel %s', (_, kernel) => {
  test('masks every length at every alignment of source and target, and at every phase, and nothing beside it', () => {
    const masker = new Masker(kernel);
    const lengths = [...Array.from({ length: 170 }, (_, i) => i), 4095, 4096, 4097, 4100, 8191];
    for (const length of lengths) {
      for (let from = 0; from < 8; from++) {
        for (let at = 0; at < 8; at++) {
          const phase = (from * 3 + at + length) % 5;
          const target = new Uint8Array(length + 24).fill(0xaa);
          masker.mask(target, 8 + at, noise, from, from + length, maskingKey, phase);
          const expected = new Uint8Array(length + 24).fill(0xaa);
          expected.set(maskByTheLetter(noise.subarray(from, from + length), KEY, phase), 8 + at);
          if (Buffer.compare(target, expected) !== 0) expect({ length, from, at, phase, target }).toEqual(expected);
        }
      }
    }
    expect(noise[1]).toBe(167);
  });

  test('masks in place', () => {
    const masker = new Masker(kernel);
    for (let from = 0; from < 9; from++) {
      for (const length of [0, 3, 64, 65, 100, 5000]) {
        const data = noise.slice();
        masker.mask(data, from, data, from, from + length, maskingKey, 1);
        const expected = noise.slice();
        expected.set(maskByTheLetter(noise.subarray(from, from + length), KEY, 1), from);
        expect(Buffer.compare(data, expected), `${length} bytes at ${from}`).toBe(0);
      }
    }
  });

  test('a view of a part of a buffer, whose size is no multiple of a word', () => {
    const source = new Uint8Array(noise.slice(0, 203).buffer, 5, 197);
    const target = new Uint8Array(new ArrayBuffer(211), 13, 198);
    new Masker(kernel).mask(target, 0, source, 0, 197, maskingKey, 2);
    expect(target).toEqual(Uint8Array.from([...maskByTheLetter(source, KEY, 2), 0]));
  });
});
