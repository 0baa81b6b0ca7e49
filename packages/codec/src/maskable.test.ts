import { beforeEach, describe, expect, test } from 'vitest';
import { bigUint64Kernel } from './mask-biguint64.ts';
import { int32Kernel, isAscii, type MaskKernel } from './mask-kernel.ts';
import { Maskable, XOR_FROM } from './maskable.ts';

/** RFC 6455 section 5.3, to the letter. */
function maskByTheLetter(bytes: Uint8Array, phase: number): Uint8Array {
  return bytes.map((byte, i) => byte ^ KEY[(i + phase) % 4]!);
}

const KEY = [0x9c, 0x01, 0x7f, 0xe3];
const maskingKey = 0x9c017fe3 | 0;
const noise = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 167 + (i >> 8) * 59) & 0xff);
const lengths = [...Array.from({ length: 170 }, (_, i) => i), 4095, 4096, 4097, 4100, 8191];

function expectSame(found: Uint8Array, expected: Uint8Array, place: object): void {
  if (Buffer.compare(found, expected) !== 0) expect({ ...place, found }).toEqual({ ...place, found: expected });
}

describe.each<[string, MaskKernel]>([
  ['int32', int32Kernel as MaskKernel],
  ['bigUint64', bigUint64Kernel as MaskKernel],
])('a Maskable with the kernel %s', (_, kernel) => {
  test('masks every length at every alignment and phase in place, and nothing beside it', () => {
    for (const length of lengths) {
      for (let start = 0; start < 8; start++) {
        for (let phase = 0; phase < 4; phase++) {
          const bytes = noise.slice(0, length + 24);
          new Maskable(bytes, kernel).mask(start, start + length, maskingKey, phase);
          const expected = noise.slice(0, length + 24);
          expected.set(maskByTheLetter(noise.subarray(start, start + length), phase), start);
          expectSame(bytes, expected, { length, start, phase });
        }
      }
    }
    expect(noise[1]).toBe(167);
  });

  test('up to the last bytes of a buffer, which are no whole word, from any byteOffset', () => {
    for (let size = XOR_FROM; size < 90; size++) {
      for (let byteOffset = 0; byteOffset < 9; byteOffset++) {
        const bytes = new Uint8Array(noise.slice(0, byteOffset + size).buffer, byteOffset);
        const expected = maskByTheLetter(bytes, 0);
        new Maskable(bytes, kernel).mask(0, size, maskingKey);
        expectSame(bytes, expected, { size, byteOffset });
      }
    }
  });

  test('masks what lies alike elsewhere; only the word at either end is shared with what is beside', () => {
    for (const length of lengths.filter((length) => length >= XOR_FROM)) {
      for (let start = 0; start < 8; start++) {
        const target = new Uint8Array(length + 40).fill(0xaa);
        const source = new Uint8Array(noise.slice(0, length + 29).buffer, 8);
        const at = 16 + start;
        new Maskable(target, kernel).xor(at, new Maskable(source, kernel), start, start + length, maskingKey, false);
        const expected = maskByTheLetter(source.subarray(start, start + length), 0);
        expectSame(target.subarray(at, at + length), expected, { length, start });
        expect(target.subarray(0, 16).every((byte) => byte === 0xaa)).toBe(true);
        expect(target.subarray((at + length + 7) & ~7).every((byte) => byte === 0xaa)).toBe(true);
        expect(source[0]).toBe(noise[8]);
      }
    }
  });

  test('masks any length that lies alike elsewhere by whole words, up to the ends of both buffers', () => {
    for (let length = 1; length < 140; length++) {
      for (let start = 0; start < 8; start++) {
        for (const room of [0, 1, 5, 8, 13]) {
          for (const away of [-8, 0, 16]) {
            const target = new Uint8Array(8 + start + length + room).fill(0xaa);
            const at = 8 + start;
            const from = at + away;
            const source = new Uint8Array(noise.slice(0, from + length + 13 - room).buffer);
            new Maskable(target, kernel).xorWords(at, new Maskable(source, kernel), from, from + length, maskingKey);
            const expected = maskByTheLetter(source.subarray(from, from + length), 0);
            expectSame(target.subarray(at, at + length), expected, { length, start, room, away });
            const beside = [...target.subarray(0, 8), ...target.subarray((at + length + 7) & ~7)];
            expect(beside.every((byte) => byte === 0xaa)).toBe(true);
          }
        }
      }
    }
  });

  test('an OR tells of every single byte whether it is ASCII, and of no byte beside the range', () => {
    for (let length = XOR_FROM; length < 100; length++) {
      for (let start = 0; start < 8; start++) {
        const source = new Uint8Array(length + 24).fill(0xff);
        source.fill(0x7f, start, start + length);
        const plain = new Maskable(maskByTheLetter(source, (4 - (start % 4)) % 4), kernel);
        const target = new Maskable(new Uint8Array(length + 24), kernel);
        expect(isAscii(target.xor(start, plain, start, start + length, maskingKey, true))).toBe(true);
        expect(target.bytes[start + length - 1]).toBe(0x7f);
        for (let i = start; i < start + length; i++) {
          plain.bytes[i]! ^= 0x80;
          expect(isAscii(target.xor(start, plain, start, start + length, maskingKey, true))).toBe(false);
          plain.bytes[i]! ^= 0x80;
        }
      }
    }
  });
});

describe('what the kernel is given', () => {
  /** The ranges of the target. */
  let ranges: [start: number, end: number][] = [];
  const kernel: MaskKernel = {
    wordBytes: 4,
    words: () => expect.unreachable('32-bit words are at hand'),
    xor: (_, start, end) => ranges.push([start, end]),
  };
  const maskable = (length: number) => new Maskable(new Uint8Array(length), kernel);

  beforeEach(() => {
    ranges = [];
  });

  test('from 24 bytes on, all of them', () => {
    maskable(200).mask(50, 73, maskingKey);
    maskable(200).mask(0, 23, maskingKey);
    expect(ranges).toEqual([]);
    maskable(200).mask(50, 74, maskingKey);
    expect(ranges).toEqual([[50, 74]]);
  });

  test('what ends in a whole word of both buffers', () => {
    for (const [target, source] of [
      [104, 104],
      [103, 104],
      [104, 103],
    ] as const) {
      maskable(target).xor(10, maskable(source), 10, 101, maskingKey, false);
      maskable(target).xorWords(10, maskable(source), 10, 101, maskingKey);
    }
    // xor leaves the rest to a loop, xorWords all.
    expect(ranges).toEqual([
      [10, 101],
      [8, 104],
      [10, 96],
      [10, 96],
    ]);
  });
});

test('wrong use throws and changes nothing', () => {
  const words = new Maskable(noise.slice(0, 100));
  expect(() => new Maskable(new Int16Array(2) as never)).toThrow(TypeError);
  const wrong: [number, number, number, number?][] = [
    [-1, 10, 1],
    [0, 101, 1],
    [10, 9, 1],
    [0.5, 10, 1],
    [0, 10.5, 1],
    [0, 10, 2 ** 32],
    [0, 10, 1.5],
    [0, 10, 1, -1],
    [0, 10, 1, Number.NaN],
    [Number.NaN, 10, 1],
    [101, 101, 1],
  ];
  for (const [start, end, key, phase] of wrong) {
    expect(() => words.mask(start, end, key, phase), `${start} ${end} ${key} ${phase}`).toThrow(RangeError);
  }
  for (const wrong of ['1', null, undefined]) {
    expect(() => words.mask(wrong as never, 10, 1)).toThrow(TypeError);
    expect(() => words.mask(0, 10, wrong as never)).toThrow(TypeError);
  }
  expect(words.bytes).toEqual(noise.slice(0, 100));
});

test('a masking key may be written unsigned', () => {
  const bytes = noise.slice(0, 100);
  new Maskable(bytes).mask(3, 97, 0x9c017fe3);
  expectSame(bytes.subarray(3, 97), maskByTheLetter(noise.subarray(3, 97), 0), {});
});
