import { expect, test } from 'vitest';
import { serializeOrigin } from './origin.ts';

test.each([
  ['https://example.com', 'https://example.com'],
  ['HTTPS://Example.COM:443', 'https://example.com'],
  ['http://example.com:80', 'http://example.com'],
  ['http://example.com:443', 'http://example.com:443'],
  ['https://example.com:8443', 'https://example.com:8443'],
  ['ws://example.com:80', 'ws://example.com'],
  ['wss://example.com:443', 'wss://example.com'],
  ['wss://example.com:80', 'wss://example.com:80'],
  ['http://localhost:3000', 'http://localhost:3000'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  ['https://xn--bcher-kva.example', 'https://xn--bcher-kva.example'],
  ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
  ['null', 'null'],
  ['file://', 'file://'],
])('H8: %s is compared as %s', (origin, serialised) => {
  expect(serializeOrigin(origin)).toBe(serialised);
  expect(serializeOrigin(serialised)).toBe(serialised);
  // The URL standard knows only its special schemes; for those it is the oracle.
  if (/^(http|ws)/i.test(origin)) expect(new URL(origin).origin).toBe(serialised);
});

test.each([
  '',
  '*',
  'example.com',
  'https://',
  'https://example.com/',
  'https://example.com/path',
  'https://example.com?',
  'https://*.example.com',
  'https://user@example.com',
  'https://example.com:',
  'https://example.com:0',
  'https://example.com:080',
  'https://bücher.example',
  'https://a b',
  ' https://example.com',
  'https://example.com\n',
  'https://a.com, https://b.com',
  undefined as unknown as string,
])('H8: %j is a TypeError', (origin) => {
  expect(() => serializeOrigin(origin)).toThrow(TypeError);
  expect(() => serializeOrigin(origin)).toThrow('is not an origin');
});
