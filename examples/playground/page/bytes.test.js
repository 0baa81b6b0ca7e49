import { expect, test } from 'vitest';
import { parseHex, plural, toHex } from './bytes.js';

test.each([
  ['81 85 37', '81 85 37'],
  ['818537', '81 85 37'],
  ['0x81, 0x85', '81 85'],
  ['81:AF:0f', '81 af 0f'],
  ['\n 81\n\t85 \r\n', '81 85'],
  ['', ''],
  [' \n', ''],
])('%j is read', (text, hex) => {
  const parsed = parseHex(text);
  expect('bytes' in parsed && toHex(parsed.bytes)).toBe(hex);
});

test.each([
  ['8', '“8” at character 1'],
  ['81 8', '“8” at character 4'],
  ['81 8 5', '“8 5” at character 4'],
  ['81 zz 85', '“zz 85” at character 4'],
  ['hello', '“hello” at character 1'],
  ['81 85 <script>alert(1)', '“<script>” at character 7'],
])('%j is not, and the problem is named', (text, problem) => {
  expect(parseHex(text)).toEqual({ problem: `${problem} is no pair of hex digits` });
});

test('every byte there and back', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(parseHex(toHex(bytes))).toEqual({ bytes });
});

test('numbers are written for people', () => {
  expect([0, 1, 2, 200_000].map((count) => plural(count, 'byte'))).toEqual([
    '0 bytes',
    '1 byte',
    '2 bytes',
    '200,000 bytes',
  ]);
});
