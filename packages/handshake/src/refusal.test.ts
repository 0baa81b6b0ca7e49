import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { textOf } from './arbitraries.suite.ts';
import {
  dated,
  HandshakeError,
  headerValues,
  hookFailed,
  parseRequestHead,
  refuse,
  serializeHead,
  withoutContent,
} from './index.ts';

test('H16: a refusal closes the connection and says how long it is', () => {
  const { ok, response, error } = refuse(401, { headers: [['WWW-Authenticate', 'Bearer']], body: 'Log in first' });
  expect(ok).toBe(false);
  expect(textOf(serializeHead(response)) + textOf(response.body)).toBe(
    'HTTP/1.1 401 Unauthorized\r\n' +
      'Connection: close\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\n' +
      'Content-Length: 12\r\n' +
      'WWW-Authenticate: Bearer\r\n\r\n' +
      'Log in first',
  );
  expect(error).toMatchObject({ name: 'HandshakeError', reason: 'refused', status: 401, headers: response.headers });
});

test('426, 405 and 401 say what would have been right (RFC 9110 sections 15.5.2, 15.5.6 and 15.5.22)', () => {
  expect(refuse(426).response.headers.slice(0, 3)).toEqual([
    ['Connection', 'Upgrade, close'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
  ]);
  expect(refuse(405).response.headers).toContainEqual(['Allow', 'GET']);
  expect(refuse(401).response.headers).toContainEqual(['WWW-Authenticate', 'Bearer']);
  expect(headerValues(refuse(403).response.headers, 'www-authenticate')).toEqual([]);
});

test.each([
  [401, 'www-authenticate', ['Basic realm="x"', 'Bearer']],
  [405, 'allow', ['GET, HEAD']],
])("the application's field stands in place of ours: %i %s", (status, name, values) => {
  const { headers } = refuse(status, { headers: { [name]: values } }).response;
  expect(headerValues(headers, name)).toEqual(values);
});

test("a parser's error is answered with its status, and keeps its reason and offset", () => {
  const parsed = parseRequestHead(new Uint8Array([0]));
  if (!('error' in parsed)) throw new Error('expected an error');
  const { response, error } = refuse(parsed.error);
  expect(response).toMatchObject({ status: 400, reason: 'Bad Request' });
  expect(error).toMatchObject({ reason: 'start-line-malformed', offset: 0, status: 400, headers: response.headers });
  expect(textOf(response.body)).toBe(`${parsed.error.message}\n`);
});

test('an error keeps its cause, and the client is told the message alone', () => {
  const cause = new Error('database away');
  const { response, error } = refuse(new HandshakeError('refused', 'come again later', { status: 503, cause }));
  expect(error.cause).toBe(cause);
  expect(textOf(response.body)).toBe('come again later\n');
  expect('cause' in refuse(503).error).toBe(false);
});

test.each([
  [new TypeError('database away'), 'database away'],
  ['database away', 'database away'],
  [undefined, 'a value of type undefined was thrown'],
  [null, 'a value of type object was thrown'],
  [Object.create(null), 'a value of type object was thrown'],
  [Symbol('x'), 'a value of type symbol was thrown'],
])('a hook that has thrown %o is a 500, whose client hears nothing of it', (cause, why) => {
  const { response, error } = hookFailed(cause);
  expect(error).toMatchObject({ reason: 'refused', status: 500, headers: response.headers });
  expect(error.message).toBe(`a hook of the server has failed: ${why}`);
  expect(error.cause).toBe(cause);
  expect(response).toEqual(refuse(500).response);
});

test('a hook that has thrown what cannot even be asked for a message is a 500 as well', () => {
  const throws = () => {
    throw new Error('asked');
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const cause of [Object.defineProperty({}, 'message', { get: throws }), new Proxy({}, { get: throws }), proxy]) {
    expect(hookFailed(cause).error.message).toBe('a hook of the server has failed: a value of type object was thrown');
  }
  expect(hookFailed({ message: 'of another realm' }).error.message).toContain('of another realm');
});

test('the body is UTF-8 and is counted in bytes', () => {
  for (const body of ['', 'größer', '日本語', '😀', 'a\ud800b', '%41']) {
    const { response } = refuse(503, { body });
    const bytes = Buffer.from(body);
    expect(Buffer.from(response.body)).toEqual(bytes);
    expect(headerValues(response.headers, 'content-length')).toEqual([String(bytes.length)]);
  }
});

test.each([5, {}, Buffer.from('no')])('a body that is no string is a TypeError: %o', (body) => {
  const message = `body must be a string, got ${typeof body}`;
  expect(() => refuse(401, { body: body as never })).toThrow(new TypeError(message));
});

test('a 304 has no content, and says nothing of one (RFC 9110 sections 8.6 and 15.4.5)', () => {
  for (const options of [{}, { body: 'see your cache' }]) {
    const { response } = refuse(304, { ...options, headers: [['ETag', '"1"']] });
    expect(response.headers).toEqual([
      ['Connection', 'close'],
      ['ETag', '"1"'],
    ]);
    expect(response.body).toHaveLength(0);
  }
});

test('a response without its content keeps the length of it; one with a Date keeps that', () => {
  const { response } = refuse(404);
  expect(withoutContent(response)).toEqual({ ...response, body: new Uint8Array(0) });
  const date = 'Sun, 06 Nov 1994 08:49:37 GMT';
  expect(dated(response, date)).toEqual({ ...response, headers: [...response.headers, ['Date', date]] });
  const own = refuse(404, { headers: { date: 'today' } }).response;
  expect(dated(own, date)).toBe(own);
});

test('a Content-Type of the caller replaces ours', () => {
  const { response } = refuse(404, { headers: [['content-TYPE', 'application/json']], body: '{}' });
  expect(response.headers).toEqual([
    ['Connection', 'close'],
    ['Content-Length', '2'],
    ['content-TYPE', 'application/json'],
  ]);
});

test('the statuses of handshakes have their phrases, in the response and in the error', () => {
  for (const status of [400, 401, 403, 404, 405, 408, 414, 426, 429, 431, 500, 503, 505]) {
    const { response, error } = refuse(status);
    expect(response.reason).toBe(STATUS_CODES[status]);
    expect(error.message).toBe(`${status} ${STATUS_CODES[status]}`);
  }
  expect(refuse(418).error.message).toBe('418');
});

test('any status from 300 to 599, with or without a phrase, and no other', () => {
  for (const status of [300, 302, 418, 599]) expect(refuse(status).response).toMatchObject({ status, reason: '' });
  for (const status of [101, 200, 299, 600, 400.5, Number.NaN, '400' as unknown as number]) {
    expect(() => refuse(status)).toThrow();
  }
  expect(() => refuse(new HandshakeError('status-not-101', 'found by a client'))).toThrow(RangeError);
});

test.each(['Connection', 'content-length', 'TRANSFER-ENCODING', 'Upgrade', 'Sec-WebSocket-Version', 'sec-websocket-x'])(
  "H15: the header %s is the handshake's own",
  (name) => {
    expect(() => refuse(401, { headers: [[name, 'x']] })).toThrow(TypeError);
  },
);

test('H15: a value with a line break is a TypeError', () => {
  expect(() => refuse(401, { headers: [['A', 'x\r\nB: y']] })).toThrow(TypeError);
  expect(() => refuse(401, { headers: [['A\r\n', 'x']] })).toThrow(TypeError);
});
