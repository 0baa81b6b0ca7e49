import { bytesOf, maskingKey, payload } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyMask, maskInto } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** RFC 6455 section 5.3, literally: octet i of the payload XOR octet (i mod 4) of the key. */
function maskedByTheBook(data: Uint8Array, key: number, phase: number): Uint8Array {
  const octets = [key >>> 24, (key >>> 16) & 0xff, (key >>> 8) & 0xff, key & 0xff];
  return data.map((octet, i) => octet ^ octets[(i + phase) % 4]!);
}

const anyPhase = () => fc.oneof(fc.nat({ max: 9 }), fc.maxSafeNat());

test('every alignment, length and phase', () => {
  const memory = bytesOf(400, 3);
  for (let start = 0; start < 8; start++) {
    for (let length = 0; length < 140; length++) {
      for (let phase = 0; phase < 4; phase++) {
        const data = memory.slice().subarray(start, start + length);
        const expected = maskedByTheBook(data, 0x37fa213d, phase);
        applyMask(data, 0x37fa213d, phase);
        if (hex(data) !== hex(expected)) expect.fail(`start ${start}, length ${length}, phase ${phase}`);
        const around = new Uint8Array(data.buffer);
        if (hex(around.subarray(0, start)) !== hex(memory.subarray(0, start))) expect.fail('wrote before the data');
        if (hex(around.subarray(start + length)) !== hex(memory.subarray(start + length)))
          expect.fail('wrote behind it');
      }
    }
  }
});

test('every pair of alignments of source and target', () => {
  const source = bytesOf(300, 5);
  for (let from = 0; from < 8; from++) {
    for (let at = 0; at < 8; at++) {
      for (const length of [0, 1, 3, 4, 15, 47, 48, 49, 63, 64, 65, 100, 131, 200]) {
        for (let phase = 0; phase < 4; phase++) {
          const data = source.subarray(from, from + length);
          const target = new Uint8Array(300).fill(0xee);
          // A target that does not start at its buffer's start has yet another alignment.
          const window = target.subarray(at % 3);
          maskInto(window, at, data, -0x12345679, phase);
          const expected = new Uint8Array(300).fill(0xee);
          expected.set(maskedByTheBook(data, -0x12345679, phase), (at % 3) + at);
          if (hex(target) !== hex(expected)) expect.fail(`from ${from}, to ${at}, length ${length}, phase ${phase}`);
        }
      }
    }
  }
  expect(hex(source)).toBe(hex(bytesOf(300, 5)));
});

describe('any data, key and phase', () => {
  test('is masked by the book', () => {
    fc.assert(
      fc.property(payload(), maskingKey(), anyPhase(), (data, key, phase) => {
        const expected = maskedByTheBook(data, key, phase % 4);
        const target = new Uint8Array(data.length + 3);
        maskInto(target, 2, data, key, phase);
        expect(hex(target.subarray(2, -1))).toBe(hex(expected));
        applyMask(data, key, phase);
        expect(hex(data)).toBe(hex(expected));
      }),
      { numRuns: 1000 },
    );
  });

  test('is given back by masking twice', () => {
    fc.assert(
      fc.property(payload(), maskingKey(), anyPhase(), (data, key, phase) => {
        const before = hex(data);
        applyMask(data, key, phase);
        applyMask(data, key, phase);
        expect(hex(data)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test('may be split anywhere, the phase going on', () => {
    fc.assert(
      fc.property(payload(300), maskingKey(), fc.nat({ max: 7 }), (data, key, phase) => {
        const whole = data.slice();
        applyMask(whole, key, phase);
        for (let cut = 0; cut <= data.length; cut++) {
          const parts = data.slice();
          applyMask(parts.subarray(0, cut), key, phase);
          applyMask(parts.subarray(cut), key, phase + cut);
          if (hex(parts) !== hex(whole)) expect.fail(`cut at ${cut}`);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('wrong use throws and changes no byte', () => {
  const data = bytesOf(60, 1);
  const before = hex(data);
  for (const key of [2 ** 32, -(2 ** 31) - 1, 0.5, Number.NaN]) expect(() => applyMask(data, key)).toThrow(RangeError);
  for (const phase of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => applyMask(data, 1, phase)).toThrow(RangeError);
  expect(() => maskInto(new Uint8Array(59), 0, data, 1)).toThrow(RangeError);
  expect(() => maskInto(new Uint8Array(61), 2, data, 1)).toThrow(RangeError);
  expect(() => maskInto(new Uint8Array(61), -1, data, 1)).toThrow(RangeError);
  expect(hex(data)).toBe(before);
});
