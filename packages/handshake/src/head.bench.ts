import { bench, describe } from 'vitest';
import { bytesOf } from './arbitraries.suite.ts';
import { HeadParser, parseExtensions, parseRequestHead } from './index.ts';

/**
 * M7: time is linear in the bytes. Compare the rows of a group: ten times the bytes, ten times the time, and one byte
 * a chunk costs a factor that does not grow.
 */
const typical = bytesOf(
  'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n' +
    'Upgrade: websocket\r\nOrigin: https://server.example.com\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br\r\n' +
    'Accept-Language: en-GB,en;q=0.9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n',
);

describe('a request of a browser', () => {
  bench(`${typical.length} bytes`, () => void parseRequestHead(typical));
});

const limits = { maxHeadBytes: 2 ** 24, maxHeaderFields: 2 ** 20 };

/** Four shapes that have made parsers quadratic: many fields, one long value, blanks in a value, a long name. */
const shapes: Record<string, (size: number) => string> = {
  'many fields': (size) => 'a: b\r\n'.repeat(size / 6),
  'a long value': (size) => `a: ${'b'.repeat(size)}\r\n`,
  'blanks inside a value': (size) => `a: b${' '.repeat(size)}b\r\n`,
  'a name that does not end': (size) => 'a'.repeat(size),
};

for (const [shape, fields] of Object.entries(shapes)) {
  describe(shape, () => {
    for (const size of [15_000, 150_000, 1_500_000]) {
      const bytes = bytesOf(`GET / HTTP/1.1\r\n${fields(size)}\r\n`);
      bench(`${size} bytes`, () => void parseRequestHead(bytes, limits));
    }
    for (const size of [15_000, 150_000]) {
      const bytes = bytesOf(`GET / HTTP/1.1\r\n${fields(size)}\r\n`);
      const chunks = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
      bench(`${size} bytes, one a chunk`, () => {
        const parser = new HeadParser('request', limits);
        for (const chunk of chunks) if (parser.push(chunk)) break;
      });
    }
  });
}

const values: Record<string, (size: number) => string> = {
  'extensions: blanks': (size) => `a${' '.repeat(size)}b`,
  'extensions: an open string': (size) => `a; b="${'c'.repeat(size)}`,
  'extensions: escapes': (size) => `a; b="${'\\c'.repeat(size / 2)}`,
  'extensions: many parameters': (size) => `a${'; b=1'.repeat(size / 5)}`,
};

for (const [shape, value] of Object.entries(values)) {
  describe(shape, () => {
    for (const size of [15_000, 150_000, 1_500_000]) {
      const text = value(size);
      bench(`${size} chars`, () => void parseExtensions(text));
    }
  });
}
