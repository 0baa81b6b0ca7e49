import { expect, test } from 'vitest';
import {
  isText,
  isTextChar,
  isToken,
  isTokenChar,
  isVisible,
  isVisibleChar,
  listElements,
  readUniqueTokens,
  trimBlanks,
} from './tokens.ts';

const codes = Array.from({ length: 0x300 }, (_, code) => code);

test('each char code up to 0x2ff against the RFC 9110 character classes', () => {
  const accepted = (passes: (char: number) => boolean) => codes.filter(passes).map((code) => String.fromCharCode(code));
  const matching = (pattern: RegExp) =>
    codes.map((code) => String.fromCharCode(code)).filter((char) => pattern.test(char));
  expect(accepted(isTokenChar)).toEqual(matching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/));
  expect(accepted(isVisibleChar)).toEqual(matching(/^[\x21-\x7e]$/));
  expect(accepted(isTextChar)).toEqual(matching(/^[\t\x20-\x7e\x80-\xff]$/));
  for (const isChar of [isTokenChar, isVisibleChar, isTextChar]) expect(isChar(Number.NaN)).toBe(false);
});

test.each([
  ['token', isToken, isTokenChar],
  ['target', isVisible, isVisibleChar],
  ['value', isText, isTextChar],
] as const)('a %s is judged as each of its chars is, wherever that stands', (_, isWhole, isChar) => {
  for (const code of codes) {
    const char = String.fromCharCode(code);
    for (const text of [char, `a${char}`, `${char}a`, `a${char}a`, `${char}${char}`]) {
      expect(isWhole(text), JSON.stringify(text)).toBe(isChar(code));
    }
  }
  for (const other of [undefined, null, 13, ['a'], new String('a')]) expect(isWhole(other)).toBe(false);
  expect(isWhole('')).toBe(isWhole === isText);
});

test('a token is one or more chars', () => {
  expect(['a', 'permessage-deflate', '13', '', 'a b', 'a,', 'é', 13, undefined, null].map(isToken)).toEqual([
    ...[true, true, true],
    ...[false, false, false, false, false, false, false],
  ]);
});

test('blanks are space and tab, and nothing else that trim() takes', () => {
  expect(trimBlanks(' \t a b\t ')).toBe('a b');
  expect(trimBlanks(' \t ')).toBe('');
  for (const other of ['\xa0', '\x0b', '\x0c', '\r', '\n', '\ufeff'])
    expect(trimBlanks(`${other}a${other}`)).toBe(`${other}a${other}`);
});

test('empty list elements do not count, and a list goes over several fields', () => {
  expect(listElements([' , a,\t,b ', '', 'c d,'])).toEqual(['a', 'b', 'c d']);
  expect(listElements([])).toEqual([]);
});

test('what is no array of different tokens is a TypeError', () => {
  expect(readUniqueTokens(['a', 'A'], 'x')).toEqual(['a', 'A']);
  for (const bad of ['chat', ['a', 'a'], ['a b'], [''], [1], [undefined], {}]) {
    expect(() => readUniqueTokens(bad as string[], 'subprotocols')).toThrow(/^subprotocols(:| must be) /);
    expect(() => readUniqueTokens(bad as string[], 'subprotocols')).toThrow(TypeError);
  }
});
