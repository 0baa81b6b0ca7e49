import { expect, test } from 'vitest';
import { firstBadUtf8, textOf, utf8Of } from './naive-utf8.ts';

const utf8 = (...bytes: number[]) => firstBadUtf8(Uint8Array.from(bytes));

test('the first byte that cannot continue', () => {
  expect(utf8(0x41, 0x80)).toEqual({ bad: 1, incomplete: false });
  expect(utf8(0xc0, 0x80)).toEqual({ bad: 0, incomplete: false });
  expect(utf8(0xe0, 0x9f, 0xbf)).toEqual({ bad: 1, incomplete: false });
  expect(utf8(0xed, 0xa0, 0x80)).toEqual({ bad: 1, incomplete: false });
  expect(utf8(0xf4, 0x90, 0x80, 0x80)).toEqual({ bad: 1, incomplete: false });
  expect(utf8(0xe2, 0x82, 0x28)).toEqual({ bad: 2, incomplete: false });
});

test('a cut tail is incomplete, not bad', () => {
  expect(utf8(0x41, 0xf0, 0x9f, 0x98)).toEqual({ bad: -1, incomplete: true });
  expect(utf8(0x41, 0xf0, 0x9f, 0x98, 0x80)).toEqual({ bad: -1, incomplete: false });
});

test('every code point, encoded by Node, is good and is what we encode and decode, and every proper prefix of it is incomplete', () => {
  for (let point = 0; point <= 0x10ffff; point += point < 0x11000 ? 1 : 251) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = String.fromCodePoint(point);
    const bytes = Buffer.from(text);
    if (Buffer.compare(utf8Of(text), bytes) !== 0 || textOf(bytes) !== text) expect.fail(`U+${point.toString(16)}`);
    if (firstBadUtf8(bytes).bad !== -1 || firstBadUtf8(bytes).incomplete) expect.fail(`U+${point.toString(16)}`);
    for (let cut = 1; cut < bytes.length; cut++) {
      if (!firstBadUtf8(bytes.subarray(0, cut)).incomplete) expect.fail(`U+${point.toString(16)}, cut at ${cut}`);
    }
  }
});

test('strings of several characters; a lone surrogate is replaced', () => {
  expect(textOf(utf8Of('a\ufeffé€😀'))).toBe('a\ufeffé€😀');
  expect(textOf(utf8Of('a\ud800b'))).toBe('a\ufffdb');
});
