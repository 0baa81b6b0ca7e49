import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { bytesOf, textOf } from './arbitraries.suite.ts';
import { HandshakeError, HeadParser, parseRequestHead, parseResponseHead } from './index.ts';

const request = 'GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nX-A:\t a b \t\r\nx-a:\r\n\r\n';
const head = {
  method: 'GET',
  target: '/chat?x=1',
  httpVersion: '1.1',
  headers: [
    ['Host', 'example.com'],
    ['X-A', 'a b'],
    ['x-a', ''],
  ],
};

const errorOf = (result: object): HandshakeError => {
  if ('error' in result && result.error instanceof HandshakeError) return result.error;
  throw new Error(`expected an error, got ${JSON.stringify(result)}`);
};

test('a request: order and duplicates kept, blanks around values removed, what follows left alone', () => {
  expect(parseRequestHead(bytesOf(`${request}\x81\x00`))).toEqual({ head, bytesRead: request.length });
});

test('a response, with and without a reason phrase', () => {
  expect(parseResponseHead(bytesOf('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nrest'))).toEqual({
    head: { httpVersion: '1.1', status: 101, reason: 'Switching Protocols', headers: [['Upgrade', 'websocket']] },
    bytesRead: 56,
  });
  expect(parseResponseHead(bytesOf('HTTP/1.0 404 \r\n\r\n'))).toEqual({
    head: { httpVersion: '1.0', status: 404, reason: '', headers: [] },
    bytesRead: 17,
  });
});

test('informational responses are passed over, and 101 is none (RFC 9110 section 15.2)', () => {
  const before = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
  const text = `${before}HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n`;
  const head = { httpVersion: '1.1', status: 101, reason: '', headers: [['Upgrade', 'websocket']] };
  expect(parseResponseHead(bytesOf(`${text}rest`))).toEqual({ head, bytesRead: text.length });
  expect(new HeadParser('response').push(bytesOf(`${text}rest`))).toEqual({ head, rest: bytesOf('rest') });
  expect(parseResponseHead(bytesOf(before))).toEqual({ needed: true });
  const limits = { maxHeaderFields: 1, maxHeadBytes: text.length };
  expect(parseResponseHead(bytesOf(`${text}rest`), limits)).toMatchObject({ head });
  const endless = new HeadParser('response');
  let answer: ReturnType<typeof endless.push>;
  for (let i = 0; i < 1000 && answer === undefined; i++) answer = endless.push(bytesOf(before));
  expect(errorOf(answer!)).toMatchObject({ reason: 'head-too-large', offset: 16_384 });
  expect(errorOf(parseResponseHead(bytesOf(`${before}HTTP:`))).offset).toBe(before.length + 4);
});

test('a chunk of another realm is one', () => {
  const chunk = runInNewContext('new Uint8Array(1)');
  expect(new HeadParser('request').push(chunk)).toMatchObject({ error: { offset: 0 } });
  expect(parseRequestHead(chunk)).toMatchObject({ error: { offset: 0 } });
  expect(() => parseRequestHead(new Int8Array(1) as never)).toThrow(TypeError);
});

test('every shorter piece of a head needs more', () => {
  for (let length = 0; length < request.length; length++) {
    expect(parseRequestHead(bytesOf(request.slice(0, length)))).toEqual({ needed: true });
  }
});

test('a value keeps its bytes above ASCII, one char each', () => {
  expect(parseRequestHead(bytesOf('GET / HTTP/1.1\r\nA: \xe9\x80\xff\r\n\r\n'))).toMatchObject({
    head: { headers: [['A', '\xe9\x80\xff']] },
  });
});

test('the incremental parser hands back the rest as a view of the chunk', () => {
  const parser = new HeadParser('request');
  expect(parser.push(bytesOf(request.slice(0, 30)))).toBe(undefined);
  expect(parser.push(new Uint8Array(0))).toBe(undefined);
  const chunk = bytesOf(`${request.slice(30)}\x81\x01a`);
  const result = parser.push(chunk);
  expect(result).toMatchObject({ head });
  const { rest } = result as { rest: Uint8Array };
  expect(textOf(rest)).toBe('\x81\x01a');
  expect(rest.buffer).toBe(chunk.buffer);
  expect(() => parser.push(chunk)).toThrow(TypeError);
});

test('a failed parser stays failed', () => {
  const parser = new HeadParser('response');
  const first = parser.push(bytesOf('HTTP/1.1 99'));
  expect(first).toBe(undefined);
  const failed = parser.push(bytesOf('HTTP'));
  expect(failed).toMatchObject({ error: { reason: 'start-line-malformed', offset: 11, status: 0 } });
  expect(parser.push(bytesOf('0 OK\r\n\r\n'))).toBe(failed);
});

describe('the first illegal byte', () => {
  const line = 'GET / HTTP/1.1\r\n';
  test.each([
    // What comes before the offset, and the rest.
    ['', '\r\nGET / HTTP/1.1', 'start-line-malformed', '0x0d in the method'],
    ['', ' / HTTP/1.1', 'start-line-malformed', '0x20 in the method'],
    ['G', '@T / HTTP/1.1', 'start-line-malformed', '0x40 in the method'],
    ['GET', '\t/ HTTP/1.1', 'start-line-malformed', '0x09 in the method'],
    ['GET ', ' / HTTP/1.1', 'start-line-malformed', '0x20 in the request target'],
    ['GET /', '\x7f HTTP/1.1', 'start-line-malformed', '0x7f in the request target'],
    ['GET /', '\xe9 HTTP/1.1', 'start-line-malformed', '0xe9 in the request target'],
    ['GET /', '\r\n', 'start-line-malformed', '0x0d in the request target'],
    ['GET / ', 'http/1.1', 'start-line-malformed', '0x68 in the HTTP version'],
    ['GET / HTTP/', 'x.1', 'start-line-malformed', '0x78 in the HTTP version'],
    ['GET / HTTP/1', '11', 'start-line-malformed', '0x31 in the HTTP version'],
    ['GET / HTTP/1', '\r\n', 'start-line-malformed', '0x0d in the HTTP version'],
    ['GET / HTTP/1.1', '0\r\n', 'start-line-malformed', '0x30 in the HTTP version'],
    ['GET / HTTP/1.1', ' \r\n', 'start-line-malformed', '0x20 in the HTTP version'],
    ['GET / HTTP/1.1', '\nHost: a', 'start-line-malformed', '0x0a in the HTTP version'],
    ['GET / HTTP/1.1\r', '\r\n', 'start-line-malformed', '0x0d in a line end'],
    [line, ' Host: a', 'field-malformed', '0x20 in the name of a header'],
    [line, '\nHost: a', 'field-malformed', '0x0a in the name of a header'],
    [line, ': a', 'field-malformed', '0x3a in the name of a header'],
    [`${line}Host`, ' : a', 'field-malformed', '0x20 in the name of a header after "Host"'],
    [`${line}Host`, '\r\n', 'field-malformed', '0x0d in the name of a header after "Host"'],
    [`${line}H`, '\xf6st: a', 'field-malformed', '0xf6 in the name of a header after "H"'],
    [`${line}Host: a`, '\nX: b', 'field-malformed', '0x0a in the value of Host'],
    [`${line}Host: a\r`, 'b', 'field-malformed', '0x62 in a line end'],
    [`${line}Host: a`, '\0', 'field-malformed', '0x00 in the value of Host'],
    [`${line}Host: a`, '\x0f', 'field-malformed', '0x0f in the value of Host'],
    [`${line}Host: a`, '\x10', 'field-malformed', '0x10 in the value of Host'],
    [`${line}Host: a`, '\x1f', 'field-malformed', '0x1f in the value of Host'],
    [`${line}Host: a`, '\x7f', 'field-malformed', '0x7f in the value of Host'],
    [`${line}Host: a\r\n`, ' folded', 'field-malformed', '0x20 in the name of a header'],
    [`${line}Host: a\r\n`, '\tfolded', 'field-malformed', '0x09 in the name of a header'],
    [`${line}Host: a\r\n\r`, '\r', 'field-malformed', '0x0d in a line end'],
  ])('request %j + %j', (legal, illegal, reason, where) => {
    const error = errorOf(parseRequestHead(bytesOf(legal + illegal)));
    expect(error).toMatchObject({ reason, status: 400, offset: legal.length });
    expect(error.message).toBe(`The request's head is not legal at byte ${legal.length}: ${where}`);
    expect(parseRequestHead(bytesOf(legal))).toEqual({ needed: true });
  });

  test.each([
    ['', 'GET / HTTP/1.1', 'the HTTP version'],
    ['HTTP/1.1', '\r\n', 'the HTTP version'],
    ['HTTP/1.1 ', ' 101', 'the status code'],
    ['HTTP/1.1 ', '099', 'the status code'],
    ['HTTP/1.1 10', 'x', 'the status code'],
    ['HTTP/1.1 101', '1 ', 'the status code'],
    ['HTTP/1.1 101', '\r\n', 'the status code'],
    ['HTTP/1.1 101 ok', '\n', 'the reason phrase'],
    ['HTTP/1.1 101 ok\r', 'x', 'a line end'],
  ])('response %j + %j', (legal, illegal, where) => {
    const error = errorOf(parseResponseHead(bytesOf(legal + illegal)));
    expect(error).toMatchObject({ reason: 'start-line-malformed', status: 0, offset: legal.length });
    expect(error.message).toMatch(new RegExp(`0x.. in ${where}$`));
    expect(parseResponseHead(bytesOf(legal))).toEqual({ needed: true });
  });
});

describe('M7: limits', () => {
  const fields = (count: number) => `GET / HTTP/1.1\r\n${'a:b\r\n'.repeat(count)}\r\n`;

  test('100 fields pass, the name of one more does not', () => {
    expect(parseRequestHead(bytesOf(fields(100)))).toHaveProperty('head');
    expect(errorOf(parseRequestHead(bytesOf(fields(2000))))).toMatchObject({
      reason: 'too-many-fields',
      status: 431,
      offset: 16 + 500,
    });
    expect(errorOf(parseRequestHead(bytesOf(fields(1)), { maxHeaderFields: 0 })).offset).toBe(16);
    expect(parseRequestHead(bytesOf(fields(0)), { maxHeaderFields: 0 })).toHaveProperty('head');
  });

  test('16 KiB pass, one byte more does not, and nothing beyond is looked at', () => {
    const sized = (size: number) => `GET / HTTP/1.1\r\na:${'b'.repeat(size - 22)}\r\n\r\n`;
    expect(parseRequestHead(bytesOf(sized(16384)))).toMatchObject({ bytesRead: 16384 });
    expect(parseRequestHead(bytesOf(`${sized(16384)}\0`))).toMatchObject({ bytesRead: 16384 });
    expect(errorOf(parseRequestHead(bytesOf(sized(16385))))).toMatchObject({
      reason: 'head-too-large',
      status: 431,
      offset: 16384,
    });
    expect(parseRequestHead(bytesOf(sized(16385).slice(0, 16384)))).toEqual({ needed: true });
    expect(parseRequestHead(bytesOf(sized(70_000)), { maxHeadBytes: 70_000 })).toMatchObject({ bytesRead: 70_000 });
    expect(parseRequestHead(new Uint8Array(0), { maxHeadBytes: 0 })).toEqual({ needed: true });
    expect(errorOf(parseRequestHead(bytesOf('\0'), { maxHeadBytes: 0 }))).toMatchObject({
      reason: 'head-too-large',
      offset: 0,
    });
  });

  test('a target that is too long has a status of its own (RFC 9112 section 3)', () => {
    const longer = (text: string) => errorOf(parseRequestHead(bytesOf(text), { maxHeadBytes: 8 }));
    for (const target of ['GET /abc', 'GET /abcd HTTP/1.1\r\n\r\n'].map((text) => text.padEnd(9, 'x'))) {
      expect(longer(target)).toMatchObject({ reason: 'head-too-large', status: 414, offset: 8 });
    }
    for (const other of ['DESCRIBES', 'GET / HTTP/1.1\r\n\r\n']) {
      expect(longer(other)).toMatchObject({ reason: 'head-too-large', status: 431, offset: 8 });
    }
    const response = parseResponseHead(bytesOf('HTTP/1.1 101 '), { maxHeadBytes: 10 });
    expect(errorOf(response)).toMatchObject({ reason: 'head-too-large', status: 0 });
  });

  test('M8: a limit that is no integer is refused when it is read', () => {
    for (const limit of ['1kb', '16384', null, true, 1n] as unknown as number[]) {
      expect(() => new HeadParser('request', { maxHeadBytes: limit })).toThrow(TypeError);
      expect(() => parseRequestHead(new Uint8Array(0), { maxHeaderFields: limit })).toThrow(TypeError);
    }
    for (const limit of [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => new HeadParser('request', { maxHeadBytes: limit })).toThrow(RangeError);
      expect(() => parseResponseHead(new Uint8Array(0), { maxHeaderFields: limit })).toThrow(RangeError);
    }
    for (const limit of [2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      expect(new HeadParser('request', { maxHeadBytes: limit }).push(bytesOf(request))).toHaveProperty('head');
    }
  });
});

test('what is no Uint8Array is a TypeError and changes nothing', () => {
  const parser = new HeadParser('request');
  for (const chunk of ['GET', [71], undefined, new ArrayBuffer(1)] as unknown as Uint8Array[]) {
    expect(() => parser.push(chunk)).toThrow(TypeError);
    expect(() => parseRequestHead(chunk)).toThrow(TypeError);
  }
  expect(parser.push(bytesOf(request))).toMatchObject({ head });
});
