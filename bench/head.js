/** The parsers of handshakes: whether their time is linear, in the shapes that have made others quadratic. */
import { performance } from 'node:perf_hooks';
import { HeadParser, parseExtensions, parseRequestHead } from '@ws/handshake';
import { median, printTable } from './table.js';

const ROUNDS = 5;
/** How long a shape and size is parsed again and again for one figure, in milliseconds. */
const LEAST = 50;
const SIZES = [15_000, 150_000, 1_500_000];
/** What comes one byte a chunk is no longer than that: each byte is a call. */
const SIZES_IN_BYTES = [15_000, 150_000];
const LIMITS = { maxHeadBytes: 2 ** 24, maxHeaderFields: 2 ** 20 };

const BROWSER = Buffer.from(
  'GET /chat HTTP/1.1\r\nHost: server.example.com\r\nConnection: Upgrade\r\n' +
    'Pragma: no-cache\r\nCache-Control: no-cache\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ' +
    '(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n' +
    'Upgrade: websocket\r\nOrigin: https://server.example.com\r\nSec-WebSocket-Version: 13\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n',
);

/** @type {[string, (size: number) => string][]} */
const HEADS = [
  ['many fields', (size) => 'a: b\r\n'.repeat(size / 6)],
  ['a long value', (size) => `a: ${'b'.repeat(size)}\r\n`],
  ['blanks inside a value', (size) => `a: b${' '.repeat(size)}b\r\n`],
  ['a name that does not end', (size) => 'a'.repeat(size)],
];

/** @type {[string, (size: number) => string][]} */
const EXTENSIONS = [
  ['extensions: blanks', (size) => `a${' '.repeat(size)}b`],
  ['extensions: an open string', (size) => `a; b="${'c'.repeat(size)}`],
  ['extensions: escapes', (size) => `a; b="${'\\c'.repeat(size / 2)}`],
  ['extensions: many parameters', (size) => `a${'; b=1'.repeat(size / 5)}`],
];

/** In this process, on this Node: what is compared is one parser with itself. */
export function benchHead() {
  const request = microseconds(() => parseRequestHead(BROWSER));
  console.log(
    `Handshakes: ns a byte, medians of ${ROUNDS} rounds. Quadratic would be ten times as much for ten times the bytes.`,
  );
  console.log(`A browser's request, ${BROWSER.length} bytes: ${request.toFixed(1)} us\n`);
  const rows = [
    ...HEADS.map(([shape, fields]) => {
      const head = (/** @type {number} */ size) => Buffer.from(`GET / HTTP/1.1\r\n${fields(size)}\r\n`);
      return [
        shape,
        ...SIZES.map((size) => ofByte(size, parsing(head(size)))),
        ...SIZES_IN_BYTES.map((size) => ofByte(size, parsingBytes(head(size)))),
      ];
    }),
    ...EXTENSIONS.map(([shape, value]) => [
      shape,
      ...SIZES.map((size) => {
        const text = value(size);
        return ofByte(size, () => parseExtensions(text));
      }),
      ...SIZES_IN_BYTES.map(() => ''),
    ]),
  ];
  const kilobytes = (/** @type {number} */ size) => `${size / 1000} KB`;
  printTable(
    ['', ...SIZES.map(kilobytes), ...SIZES_IN_BYTES.map((size) => `${kilobytes(size)}, a byte a chunk`)],
    rows,
  );
}

/** @param {Buffer} head */
const parsing = (head) => () => parseRequestHead(head, LIMITS);

/** @param {Buffer} head */
function parsingBytes(head) {
  const chunks = Array.from(head, (_, at) => head.subarray(at, at + 1));
  return () => {
    const parser = new HeadParser('request', LIMITS);
    for (const chunk of chunks) if (parser.push(chunk)) break;
  };
}

/** @param {number} size @param {() => void} work */
const ofByte = (size, work) => ((microseconds(work) * 1000) / size).toFixed(1);

/** How long it takes once. The first round warms up. @param {() => void} work */
function microseconds(work) {
  const rounds = [];
  for (let round = -1; round < ROUNDS; round++) {
    const start = performance.now();
    let times = 0;
    do {
      work();
      times++;
    } while (performance.now() - start < LEAST);
    if (round >= 0) rounds.push(((performance.now() - start) * 1000) / times);
  }
  return median(rounds);
}
