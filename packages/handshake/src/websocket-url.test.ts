import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWebSocketUrl } from './websocket-url.ts';

test.each([
  ['ws://example.com', false, 'example.com', 80, 'example.com', '/'],
  ['wss://example.com/chat?room=1&x', true, 'example.com', 443, 'example.com', '/chat?room=1&x'],
  ['WSS://Example.COM:443/A', true, 'example.com', 443, 'example.com', '/A'],
  ['ws://example.com:443', false, 'example.com', 443, 'example.com:443', '/'],
  ['wss://example.com:80', true, 'example.com', 80, 'example.com:80', '/'],
  ['http://127.0.0.1:8080/', false, '127.0.0.1', 8080, '127.0.0.1:8080', '/'],
  ['https://localhost?q', true, 'localhost', 443, 'localhost', '/?q'],
  ['ws://[::1]', false, '::1', 80, '[::1]', '/'],
  ['ws://[2001:DB8::1]:9000/x', false, '2001:db8::1', 9000, '[2001:db8::1]:9000', '/x'],
  // RFC 3986, section 3.2.3: a port may be empty.
  ['ws://example.com:/x', false, 'example.com', 80, 'example.com', '/x'],
  ['wss://[::1]:', true, '::1', 443, '[::1]', '/'],
  ['ws://[::]/', false, '::', 80, '[::]', '/'],
  ['ws://[::ffff:127.0.0.1]/', false, '::ffff:127.0.0.1', 80, '[::ffff:127.0.0.1]', '/'],
])('%s', (url, secure, host, port, authority, target) => {
  expect(parseWebSocketUrl(url)).toEqual({ secure, host, port, authority, target });
  expect(parseWebSocketUrl({ href: url })).toEqual({ secure, host, port, authority, target });
});

test.each([
  ['', 'expected ws://'],
  ['example.com', 'expected ws://'],
  ['//example.com', 'expected ws://'],
  ['ftp://example.com', 'expected ws://'],
  ['ws:/example.com', 'expected ws://'],
  [' ws://example.com', 'expected ws://'],
  ['ws://', 'expected host'],
  ['ws:///path', 'expected host'],
  ['ws://:80', 'expected host'],
  ['ws://a:b', 'expected host'],
  ['ws://a::', 'expected host'],
  ['ws://a:123456', 'expected host'],
  ['ws://:', 'expected host'],
  ['ws://a b', 'expected host'],
  ['ws://bücher.example', 'expected host'],
  ['ws://::1', 'expected host'],
  ['ws://[::1', 'expected host'],
  ['ws://[fe80::1%25eth0]', 'expected host'],
  ['ws://[...]/', 'expected host'],
  ['ws://[:]/', 'expected host'],
  ['ws://[a.b]:80/', 'expected host'],
  ['ws://a\r\nb', 'expected host'],
  ['ws://a\\b', 'expected host'],
  ['ws://user:secret@a', 'user name'],
  ['ws://a@b', 'user name'],
  ['ws://a/#', 'fragment'],
  ['ws://a/x#y', 'fragment'],
  ['ws://a#y', 'fragment'],
  ['ws://a:0', 'port'],
  ['ws://a:65536', 'port'],
  ['ws://a/ä', 'percent-encoded'],
  ['ws://a/x y', 'percent-encoded'],
  ['ws://a/x\r\ny', 'percent-encoded'],
  ['ws://a/x\0', 'percent-encoded'],
])('%j is a TypeError', (url, why) => {
  expect(() => parseWebSocketUrl(url)).toThrow(TypeError);
  expect(() => parseWebSocketUrl(url)).toThrow(why);
});

test('whatever URL has serialised is read as URL reads it', () => {
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, validSchemes: ['ws', 'wss', 'http', 'https'] }), (text) => {
      const url = new URL(text);
      const { host, authority, target } = parseWebSocketUrl(url);
      expect({ host, authority, target }).toEqual({
        host: url.hostname,
        authority: url.host,
        target: url.href.slice(url.origin.length),
      });
    }),
  );
});
