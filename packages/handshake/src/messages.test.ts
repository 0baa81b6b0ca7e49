/**
 * An error is for the person who reads it: what was wrong, where, and what to do. Here is each message as it is read.
 */
import { expect, test } from 'vitest';
import {
  acceptKey,
  checkUpgrade,
  completeUpgrade,
  createUpgrade,
  type ExtensionParameters,
  HandshakeError,
  HeadParser,
  parseExtensions,
  parseRequestHead,
  type RequestHead,
  type ResponseHead,
  refuse,
  serializeExtensions,
  serializeHead,
  UpgradePolicy,
  type UpgradePolicyOptions,
  verifyUpgrade,
} from './index.ts';
import { anything, plus, request, without } from './sample-request.suite.ts';

const messageOf = (result: object) => ('error' in result ? (result.error as Error).message : 'no error');

test.each<[string, RequestHead, UpgradePolicy?]>([
  ['HTTP/1.0: a WebSocket starts with HTTP/1.1 (behind a proxy, set it to 1.1)', { ...request, httpVersion: '1.0' }],
  ['A WebSocket starts with GET, not "POST"', { ...request, method: 'POST' }],
  ['The request target "*" is neither a path nor a URL', { ...request, target: '*' }],
  [
    'A WebSocket handshake has no body: send neither Transfer-Encoding nor a Content-Length other than 0',
    plus(['Content-Length', '5']),
  ],
  ['Expected exactly one Host header: host or host:port', without('Host')],
  ['This is a WebSocket endpoint: expected the header Upgrade: websocket', without('Upgrade')],
  [
    'Expected the header Connection: Upgrade (behind a proxy, have it pass Upgrade and Connection on)',
    without('Connection'),
  ],
  ['Expected exactly one Sec-WebSocket-Version header: 13', without('Sec-WebSocket-Version')],
  ['Expected exactly one Sec-WebSocket-Key header: 16 bytes in base64', without('Sec-WebSocket-Key')],
  ['Expected at most one Origin', plus(['Origin', 'https://example.com'])],
  ['Expected an Origin', without('Origin'), new UpgradePolicy({ requireOrigin: true })],
  ['The origin "http://example.com" is not allowed here', request, new UpgradePolicy({ allowedOrigins: ['null'] })],
  ['Sec-WebSocket-Protocol: expected a list of tokens, each once', plus(['Sec-WebSocket-Protocol', 'a, a'])],
  ['Sec-WebSocket-Extensions is malformed at char 2: "a;"', plus(['Sec-WebSocket-Extensions', 'a;'])],
])('a server answers: %s', (message, request, policy = anything) => {
  const result = checkUpgrade(request, policy);
  expect(messageOf(result)).toBe(message);
  if (!result.ok) expect(new TextDecoder().decode(result.response.body)).toBe(`${message}\n`);
});

const create = (options: object = {}) =>
  createUpgrade('ws://server.example.com', {
    random: () => new Uint8Array(Buffer.from('the sample nonce')),
    ...options,
  });
const response: ResponseHead = {
  httpVersion: '1.1',
  status: 101,
  reason: 'Switching Protocols',
  headers: [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ],
};
const answer = (from: number, ...more: [string, string][]): ResponseHead => ({
  ...response,
  headers: [...response.headers.slice(0, from), ...more, ...response.headers.slice(from + 1)],
});
const also = (...more: [string, string][]): ResponseHead => ({ ...response, headers: [...response.headers, ...more] });

test.each<[string, ResponseHead]>([
  ['The server answered 404 Not Found', { ...response, status: 404, reason: 'Not Found' }],
  ['The server answered 404', { ...response, status: 404, reason: '' }],
  ['The answer 101 is of HTTP/1.0', { ...response, httpVersion: '1.0' }],
  ['The answer 101 lacks the header Upgrade: websocket, or has more than that', answer(0)],
  ['The answer 101 lacks the header Connection: Upgrade', answer(1)],
  ['Sec-WebSocket-Accept does not belong to our key: this is no WebSocket server, or an old answer', answer(2)],
  [
    'The server chose the subprotocol "a, b": expected one of those offered',
    also(['Sec-WebSocket-Protocol', 'a'], ['Sec-WebSocket-Protocol', 'b']),
  ],
  [
    'The answer has Sec-WebSocket-Extensions more than once',
    also(['Sec-WebSocket-Extensions', 'x'], ['Sec-WebSocket-Extensions', 'x']),
  ],
  ['Sec-WebSocket-Extensions is malformed at char 0: ";"', also(['Sec-WebSocket-Extensions', ';'])],
  [
    'The server chose the extension "y": expected those offered, each at most once',
    also(['Sec-WebSocket-Extensions', 'y']),
  ],
  ['The parameters of x; a=1 are not acceptable', also(['Sec-WebSocket-Extensions', 'x; a=1'])],
  ['The parameters of x; a are not acceptable: no value', also(['Sec-WebSocket-Extensions', 'x; a'])],
])('a client fails: %s', (message, response) => {
  const extension = {
    name: 'x',
    offers: [[]],
    verify(parameters: ExtensionParameters) {
      if (parameters[0]?.[1] === undefined) throw new Error('no value');
      return undefined;
    },
  };
  expect(messageOf(verifyUpgrade(response, create({ subprotocols: ['a'], extensions: [extension] })))).toBe(message);
});

test('what a peer has sent is in quotes, escaped, and cut after 80 chars', () => {
  const asked = (method: string) => messageOf(checkUpgrade({ ...request, method }, anything));
  expect(asked('\x7f\x80\x85\x9b2J\x9f\xa0')).toBe(
    'A WebSocket starts with GET, not "\\u007f\\u0080\\u0085\\u009b2J\\u009f\xa0"',
  );
  expect(asked('a"\n')).toBe('A WebSocket starts with GET, not "a\\"\\n"');
  expect(asked('x'.repeat(80))).toBe(`A WebSocket starts with GET, not "${'x'.repeat(80)}"`);
  expect(asked('x'.repeat(81))).toBe(`A WebSocket starts with GET, not "${'x'.repeat(80)}…"`);
});

test.each<[string, string | Uint8Array, object?]>([
  ['it has more than 1 header fields', 'GET / HTTP/1.1\r\nA: b\r\nC', { maxHeaderFields: 1 }],
  ['it is longer than 3 bytes', 'GET /', { maxHeadBytes: 3 }],
])('a head fails: %s', (message, text, limits) => {
  expect(messageOf(parseRequestHead(Buffer.from(text), limits))).toMatch(
    new RegExp(`^The request's head is not legal at byte \\d+: ${message}$`),
  );
});

const negotiator = { name: 'a', accept: () => undefined };
const policy = (options: object) => () => new UpgradePolicy(options as UpgradePolicyOptions);
const parser = new HeadParser('request');
parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n'));

test.each<[string, () => unknown]>([
  ...['https://example.com', '', null, 0, false].map((allowedOrigins): [string, () => unknown] => [
    `allowedOrigins must be an array, got ${allowedOrigins === null ? 'null' : typeof allowedOrigins}`,
    policy({ allowedOrigins }),
  ]),
  ['options must be an object, got string', policy('x' as never)],
  ['options must be an object, got null', policy(null as never)],
  ['there is no option "allowedOrigin"', policy({ allowedOrigin: ['https://example.com'] })],
  ['requireOrigin must be a boolean, got string', policy({ requireOrigin: 'false' })],
  ['selectSubprotocol must be a function, got number', policy({ selectSubprotocol: 5 })],
  ['selectSubprotocol must be a function, got null', policy({ selectSubprotocol: null })],
  ['selectSubprotocol must be a function, got string', policy({ selectSubprotocol: 'chat' })],
  ['acceptKey must be a function, got number', policy({ acceptKey: 5 })],
  ['acceptKey must be a function, got null', policy({ acceptKey: null })],
  ['extensions must be an array, got null', policy({ extensions: null })],
  ['extensions: undefined is not a token (RFC 9110 5.6.2)', policy({ extensions: [null] })],
  ['accept of an extension must be a function, got undefined', policy({ extensions: [{ name: 'x' }] })],
  ['subprotocols must be an array of tokens, got null', policy({ subprotocols: null })],
  [
    'verify of an extension must be a function, got undefined',
    () => create({ extensions: [{ name: 'x', offers: [[]] }] }),
  ],
  ['key must be a string, got undefined', () => acceptKey(undefined as never)],
  ['Sec-WebSocket-Extensions must be a string, got number', () => parseExtensions(5 as never)],
  ['a status must be a number, got string', () => refuse('401' as never)],
  ['a status must be a number, got null', () => refuse(null as never)],
  ['either subprotocols or selectSubprotocol, not both', policy({ subprotocols: [], selectSubprotocol: () => '' })],
  ['subprotocols: an element is there twice', policy({ subprotocols: ['a', 'a'] })],
  ['extensions: an element is there twice', policy({ extensions: [negotiator, negotiator] })],
  [
    '"example.com" is not an origin: expected scheme://host or scheme://host:port, such as https://example.com ' +
      '(no path, no wildcard, an international host in its xn-- form)',
    policy({ allowedOrigins: ['example.com'] }),
  ],
  ['random() must be a Uint8Array of 16 bytes', () => create({ random: () => new Uint8Array(8) })],
  ['random() must be a Uint8Array, got string', () => create({ random: () => 'sixteen letters!' })],
  ['subprotocols: "a b" is not a token (RFC 9110 5.6.2)', () => create({ subprotocols: ['a b'] })],
  ['subprotocols must be an array of tokens, got string', () => create({ subprotocols: 'chat' })],
  [
    'extensions: "x;" is not a token (RFC 9110 5.6.2)',
    () => create({ extensions: [{ name: 'x;', offers: [], verify: () => undefined }] }),
  ],
  ['"a b" in an extension is not a token', () => serializeExtensions([{ name: 'a b', parameters: [] }])],
  ['the header Host is written by the handshake and cannot be set', () => create({ headers: [['Host', 'a']] })],
  ['the header name "a b" is not a token (RFC 9110 5.6.2)', () => create({ headers: [['a b', '']] })],
  [
    'the value of a must be a string without control characters, characters above U+00FF or blanks around it',
    () => create({ headers: [['a', '\n']] }),
  ],
  ['the subprotocol "b" was not offered: ["a"]', () => complete('b')],
  ['a status must be an integer from 300 to 599, got 200', () => refuse(200)],
  ['"G T" cannot be written as the method of an HTTP head', () => serializeHead({ ...request, method: 'G T' })],
  ['"" cannot be written as the request target of an HTTP head', () => serializeHead({ ...request, target: '' })],
  ['"1" cannot be written as the HTTP version of an HTTP head', () => serializeHead({ ...request, httpVersion: '1' })],
  ['99 cannot be written as the status of an HTTP head', () => serializeHead({ ...response, status: 99 })],
  ['"\\n" cannot be written as the reason phrase of an HTTP head', () => serializeHead({ ...response, reason: '\n' })],
  ['bytes must be a Uint8Array, got string', () => parseRequestHead('GET' as never)],
  ['chunk must be a Uint8Array, got string', () => new HeadParser('request').push('GET' as never)],
  [
    'push() after the head was complete: give these bytes to the reader of what follows',
    () => parser.push(new Uint8Array(1)),
  ],
  ['maxHeadBytes must be a number, got string', () => new HeadParser('request', { maxHeadBytes: '1' as never })],
  ['maxHeaderFields must be an integer of 0 or more, got -1', () => new HeadParser('request', { maxHeaderFields: -1 })],
])('wrong use throws: %s', (message, use) => {
  expect(use).toThrow(expect.objectContaining({ message }));
});

function complete(subprotocol: string): unknown {
  const checked = checkUpgrade(plus(['Sec-WebSocket-Protocol', 'a']), anything);
  return checked.ok && completeUpgrade(checked.offer, anything, { subprotocol });
}

test('an error has no more than it was given', () => {
  const error = new HandshakeError('refused', 'no');
  expect(error).toMatchObject({ reason: 'refused', message: 'no', status: 0, headers: [], offset: undefined });
  expect(Object.hasOwn(error, 'cause')).toBe(false);
});
