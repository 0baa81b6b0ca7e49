import { expect, test } from 'vitest';
import { CloseCode, decodeClose, encodeClose, isWireCloseCode } from './close.ts';
import { hex } from './hex.suite.ts';

test('a code and a reason, and back', () => {
  const payload = encodeClose(1000, 'bye');
  expect(payload).toEqual(hex('03e8 627965'));
  expect(decodeClose(payload)).toEqual({ code: 1000, reason: 'bye' });
});

test('no code is an empty payload', () => {
  expect(encodeClose()).toEqual(new Uint8Array(0));
  expect(decodeClose(new Uint8Array(0))).toEqual({ code: undefined, reason: '' });
});

test('a leading BOM of a reason is kept', () => {
  expect(decodeClose(hex('03e8 efbbbf 41'))).toEqual({ code: 1000, reason: '\ufeffA' });
});

test.each([
  ['03', 'close-payload-too-short', 0],
  ['03ed', 'close-code-illegal', 1],
  ['0000 ff', 'close-code-illegal', 1],
  ['03e8 41 ff', 'close-reason-not-utf8', 3],
  ['03e8 41 e2 82', 'close-reason-not-utf8', 4],
] as const)('%s is %s at byte %i', (digits, violation, offset) => {
  expect(decodeClose(hex(digits))).toEqual({ violation, offset });
});

test('F9: the codes of the table that may be sent are those that no RFC reserves', () => {
  const local = [CloseCode.NoStatus, CloseCode.Abnormal, CloseCode.TlsHandshake] as number[];
  for (const code of Object.values(CloseCode)) expect(isWireCloseCode(code), String(code)).toBe(!local.includes(code));
});

test.each([
  [999, false],
  [1000, true],
  [1003, true],
  [1004, false],
  [1006, false],
  [1007, true],
  [1014, true],
  [1015, false],
  [2999, false],
  [3000, true],
  [4999, true],
  [5000, false],
  [1000.5, false],
])('F9: at the edges of the ranges, whether %d may be sent: %s', (code, legal) => {
  expect(isWireCloseCode(code)).toBe(legal);
});

test('the longest reason has 123 bytes, not characters', () => {
  expect(encodeClose(4999, 'é'.repeat(61)).length).toBe(124);
  expect(() => encodeClose(4999, 'é'.repeat(62))).toThrow(RangeError);
});

test.each<[string, () => unknown, ErrorConstructor]>([
  ['1005', () => encodeClose(1005), RangeError],
  ['1006', () => encodeClose(1006), RangeError],
  ['a fraction', () => encodeClose(1000.5), RangeError],
  ['a string', () => encodeClose('1000' as never), TypeError],
  ['a reason without a code', () => encodeClose(undefined, 'why'), TypeError],
  ['H14: a typed array as reason', () => encodeClose(1000, new Uint8Array(4) as never), TypeError],
])('%s cannot be sent', (_, use, error) => {
  expect(use).toThrow(error);
});
