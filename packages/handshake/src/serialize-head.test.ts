import { expect, test } from 'vitest';
import { textOf } from './arbitraries.suite.ts';
import { type RequestHead, type ResponseHead, serializeHead } from './index.ts';

const request: RequestHead = { method: 'GET', target: '/', httpVersion: '1.1', headers: [['Host', 'a']] };
const response: ResponseHead = { httpVersion: '1.1', status: 101, reason: 'Switching Protocols', headers: [['A', '']] };

test('a request and a response, byte by byte', () => {
  expect(textOf(serializeHead(request))).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(textOf(serializeHead(response))).toBe('HTTP/1.1 101 Switching Protocols\r\nA: \r\n\r\n');
  expect(textOf(serializeHead({ ...response, reason: '', headers: [['A', 'é\t\xff']] }))).toBe(
    'HTTP/1.1 101 \r\nA: é\t\xff\r\n\r\n',
  );
});

test('a value with blanks around it would not come back, so it is a TypeError; inside they stay', () => {
  for (const value of [' a', 'a ', '\ta', 'a\t', ' ']) {
    expect(() => serializeHead({ ...response, headers: [['A', value]] })).toThrow('blanks around it');
  }
  expect(textOf(serializeHead({ ...response, headers: [['A', 'a \tb']] }))).toContain('A: a \tb\r\n');
});

const bad = Array.from({ length: 0x21 }, (_, code) => String.fromCharCode(code)).filter(
  (char) => char !== '\t' && char !== ' ',
);

test('H15: every control character and every char above U+00FF, in every place, is a TypeError', () => {
  for (const char of [...bad, '\x7f', 'Ā', '\u2028', '\u560d\u560a', '\ud800']) {
    const text = `a${char}b`;
    for (const head of [
      { ...request, method: text },
      { ...request, target: `/${text}` },
      { ...request, httpVersion: text },
      { ...request, headers: [[text, 'a'] as const] },
      { ...request, headers: [['a', text] as const] },
      { ...response, reason: text },
      { ...response, httpVersion: `1.1${char}` },
      { ...response, headers: [['Set-Cookie', 'a'] as const, ['Set-Cookie', text] as const] },
    ]) {
      expect(() => serializeHead(head), JSON.stringify(head)).toThrow(TypeError);
    }
  }
});

test.each([
  { ...request, method: '' },
  { ...request, method: 'GET ' },
  { ...request, target: '' },
  { ...request, target: '/ HTTP/1.1' },
  { ...request, target: '/\xe9' },
  { ...request, httpVersion: '1' },
  { ...request, httpVersion: '1.10' },
  { ...request, httpVersion: '11.1' },
  { ...request, headers: [['', 'a'] as const] },
  { ...request, headers: [['A ', 'a'] as const] },
  { ...request, headers: [['A:', 'a'] as const] },
  { ...request, headers: [['A', undefined as unknown as string] as const] },
  { ...request, headers: [['A', 1 as unknown as string] as const] },
  { ...response, status: 99 },
  { ...response, status: 1000 },
  { ...response, status: 101.5 },
  { ...response, status: '101' as unknown as number },
])('%j is a TypeError', (head) => {
  expect(() => serializeHead(head)).toThrow(TypeError);
});

test('the error names the header', () => {
  expect(() => serializeHead({ ...request, headers: [['X-Trace', 'a\r\nSet-Cookie: b']] })).toThrow(
    'the value of X-Trace',
  );
});
