import { expect, test } from 'vitest';
import { hex } from './hex.suite.ts';
import { applyMask, maskInto } from './mask.ts';

test("RFC 6455 section 5.7: the masked 'Hello'", () => {
  const data = new TextEncoder().encode('Hello');
  applyMask(data, 0x37fa213d);
  expect(data).toEqual(hex('7f 9f 4d 51 58'));
});

test('a phase goes on in the middle of the key', () => {
  const data = new TextEncoder().encode('lo');
  applyMask(data, 0x37fa213d, 3);
  expect(data).toEqual(hex('51 58'));
});

test('maskInto leaves its source alone', () => {
  const source = new TextEncoder().encode('Hello');
  const target = new Uint8Array(7);
  maskInto(target, 1, source, 0x37fa213d);
  expect(target).toEqual(hex('00 7f 9f 4d 51 58 00'));
  expect(source).toEqual(new TextEncoder().encode('Hello'));
});

test('signed and unsigned keys are the same key', () => {
  const unsigned = new Uint8Array(100);
  const signed = new Uint8Array(100);
  applyMask(unsigned, 0xfedcba98);
  applyMask(signed, 0xfedcba98 | 0);
  expect(signed).toEqual(unsigned);
});

test.each<[string, () => void, ErrorConstructor]>([
  ['a string as data', () => applyMask('x' as never, 1), TypeError],
  ['an Int16Array as data', () => applyMask(new Int16Array(2) as never, 1), TypeError],
  ['a key as bytes', () => applyMask(new Uint8Array(1), new Uint8Array(4) as never), TypeError],
  ['a key of 33 bits', () => applyMask(new Uint8Array(1), 2 ** 32), RangeError],
  ['a fraction as key', () => applyMask(new Uint8Array(1), 0.5), RangeError],
  ['a negative phase', () => applyMask(new Uint8Array(1), 1, -1), RangeError],
  ['a target that is too short', () => maskInto(new Uint8Array(4), 1, new Uint8Array(4), 1), RangeError],
  ['a negative place', () => maskInto(new Uint8Array(4), -1, new Uint8Array(1), 1), RangeError],
])('%s is refused before anything is written', (_, use, error) => {
  expect(use).toThrow(error);
});
