import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  acceptKey,
  createUpgrade,
  type ExtensionOffers,
  type HandshakeReason,
  type HeaderFields,
  type ResponseHead,
  type UpgradeOptions,
  verifyUpgrade,
} from './index.ts';

/** RFC 6455's sample nonce. */
const random = () => new Uint8Array(Buffer.from('the sample nonce'));
const create = (options: Partial<UpgradeOptions> = {}, url = 'ws://server.example.com/chat') =>
  createUpgrade(url, { random, ...options });

/** One parameter `size`, which has to come back as a number. */
const toy: ExtensionOffers<{ size: number }> = {
  name: 'toy',
  offers: [[['size', '1']], []],
  verify(parameters) {
    const [[key, value] = [], ...more] = parameters;
    if (more.length > 0) throw new Error('one parameter is enough');
    return key === 'size' && value ? { size: Number(value) } : undefined;
  },
};

test("RFC 6455's sample request", () => {
  const pending = create({ subprotocols: ['chat', 'superchat'], origin: 'http://example.com' });
  expect(pending).toEqual({
    secure: false,
    host: 'server.example.com',
    port: 80,
    authority: 'server.example.com',
    target: '/chat',
    key: 'dGhlIHNhbXBsZSBub25jZQ==',
    subprotocols: ['chat', 'superchat'],
    extensions: [],
    request: {
      method: 'GET',
      target: '/chat',
      httpVersion: '1.1',
      headers: [
        ['Host', 'server.example.com'],
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['Sec-WebSocket-Version', '13'],
        ['Origin', 'http://example.com'],
        ['Sec-WebSocket-Protocol', 'chat, superchat'],
      ],
    },
  });
});

test('a nonce of another realm is one', () => {
  const { key } = create({ random: () => runInNewContext('new Uint8Array(16)') });
  expect(key).toBe('AAAAAAAAAAAAAAAAAAAAAA==');
});

test('extensions with several offers, and any other header', () => {
  const { request } = create({
    extensions: [toy, { name: 'other', offers: [[]], verify: () => undefined }],
    headers: [
      ['Authorization', 'Bearer x'],
      ['Cookie', 'a=b'],
      ['User-Agent', 'test'],
    ],
  });
  expect(request.headers.slice(5)).toEqual([
    ['Sec-WebSocket-Extensions', 'toy; size=1, toy, other'],
    ['Authorization', 'Bearer x'],
    ['Cookie', 'a=b'],
    ['User-Agent', 'test'],
  ]);
});

test("headers whose names only contain those that are the handshake's own", () => {
  const own = ['Host', 'Origin', 'Upgrade', 'Connection', 'Content-Length', 'Transfer-Encoding', 'Sec-WebSocket-Key'];
  const headers = own.flatMap((name): [string, string][] => [
    [`X-${name}`, 'a'],
    // Everything that begins with Sec-WebSocket- is.
    ...(name.startsWith('Sec') ? [] : [[`${name}-X`, 'b'] as [string, string]]),
  ]);
  expect(create({ headers }).request.headers.slice(5)).toEqual(headers);
});

test('the random source is asked once for each request', () => {
  let calls = 0;
  const options = { random: () => new Uint8Array(16).fill(++calls) };
  const keys = [createUpgrade('ws://a', options).key, createUpgrade('ws://a', options).key];
  expect(keys).toEqual(['AQEBAQEBAQEBAQEBAQEBAQ==', 'AgICAgICAgICAgICAgICAg==']);
});

test.each<[string, Partial<Record<keyof UpgradeOptions, unknown>>]>([
  ['15 bytes', { random: () => new Uint8Array(15) }],
  ['17 bytes', { random: () => new Uint8Array(17) }],
  ['a string', { random: () => 'the sample nonce' }],
  ['no source', { random: undefined }],
  ['a subprotocol twice', { subprotocols: ['a', 'a'] }],
  ['a subprotocol that is no token', { subprotocols: ['a, b'] }],
  ['H15: a subprotocol with a line break', { subprotocols: ['a\r\nX: y'] }],
  ['subprotocols that are no array', { subprotocols: 'chat' }],
  ['an extension twice', { extensions: [toy, toy] }],
  ['H15: an extension name with a line break', { extensions: [{ ...toy, name: 'a\r\nX: y' }] }],
  ['H15: a parameter with a line break', { extensions: [{ ...toy, offers: [[['a', 'b\r\nX: y']]] }] }],
  ['H15: an origin with a line break', { origin: 'http://a\r\nX: y' }],
  ['an origin that is no string', { origin: null }],
  ['H15: a value with a line break', { headers: [['Cookie', 'a\r\nX: y']] }],
  ['H15: a name with a line break', { headers: [['Cookie\r\nX', 'a']] }],
  ...['Host', 'origin', 'Upgrade', 'Connection', 'Content-Length', 'transfer-encoding', 'Sec-WebSocket-Key'].map(
    (name): [string, { headers: unknown }] => [`the header ${name}`, { headers: [[name, 'x']] }],
  ),
])('a TypeError: %s', (_, options) => {
  expect(() => create(options as Partial<UpgradeOptions>)).toThrow(TypeError);
});

test('H15: a URL with a line break is a TypeError', () => {
  for (const url of ['ws://a/\r\nX: y', 'ws://a\r\nX: y/', 'ws://a/?\n'])
    expect(() => create({}, url)).toThrow(TypeError);
});

const headers: HeaderFields = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
];
const response: ResponseHead = { httpVersion: '1.1', status: 101, reason: 'Switching Protocols', headers };
const plus = (...more: [string, string][]): ResponseHead => ({ ...response, headers: [...headers, ...more] });
const without = (name: string, ...more: [string, string][]): ResponseHead => ({
  ...response,
  headers: [...headers.filter(([other]) => other !== name), ...more],
});
const pending = create({
  subprotocols: ['a', 'b'],
  extensions: [toy, { name: 'unoffered', offers: [], verify: () => ({ size: 0 }) }],
});

describe('what the client accepts', () => {
  test.each<[string, ResponseHead, object]>([
    ["RFC 6455's sample answer", response, { subprotocol: '', extensions: [] }],
    [
      'any case and other Connection options',
      {
        ...response,
        reason: '',
        headers: [
          ['UPGRADE', 'WebSocket'],
          ['connection', 'keep-alive, upgrade'],
          ['sec-websocket-ACCEPT', ` ${headers[2]![1]}\t`],
        ],
      },
      { subprotocol: '', extensions: [] },
    ],
    ['a subprotocol that was offered', plus(['Sec-WebSocket-Protocol', 'b']), { subprotocol: 'b', extensions: [] }],
    [
      'an extension that was offered',
      plus(['Sec-WebSocket-Extensions', ', toy; size="8"']),
      {
        subprotocol: '',
        extensions: [{ name: 'toy', parameters: [['size', '8']], extension: { size: 8 } }],
      },
    ],
    ['an empty list of extensions', plus(['Sec-WebSocket-Extensions', '']), { subprotocol: '', extensions: [] }],
    ['any other header', plus(['Set-Cookie', 'a=b'], ['Set-Cookie', 'c=d']), { subprotocol: '', extensions: [] }],
  ])('%s', (_, response, negotiated) => {
    expect(verifyUpgrade(response, pending)).toEqual({ ok: true, negotiated });
  });
});

describe('what the client refuses', () => {
  test.each<[string, ResponseHead, HandshakeReason]>([
    ...[100, 200, 301, 401, 426, 503].map((status): [string, ResponseHead, HandshakeReason] => [
      `${status}`,
      { ...response, status },
      'status-not-101',
    ]),
    ...['0.9', '1.0', '2.0', '1.10', ''].map((httpVersion): [string, ResponseHead, HandshakeReason] => [
      `HTTP/${httpVersion}`,
      { ...response, httpVersion },
      'http-version-unsupported',
    ]),
    ['no Upgrade', without('Upgrade'), 'upgrade-missing'],
    ['two Upgrades', plus(['upgrade', 'websocket']), 'upgrade-missing'],
    ['a list in Upgrade', without('Upgrade', ['Upgrade', 'websocket, h2c']), 'upgrade-missing'],
    ['another Upgrade', without('Upgrade', ['Upgrade', 'h2c']), 'upgrade-missing'],
    ['an Upgrade that ends in websocket', without('Upgrade', ['Upgrade', 'x-websocket']), 'upgrade-missing'],
    ['no Connection', without('Connection'), 'connection-missing'],
    ['another Connection', without('Connection', ['Connection', 'close']), 'connection-missing'],
    [
      'Connections with upgrade inside',
      without('Connection', ['Connection', 'x-upgrade, upgraded']),
      'connection-missing',
    ],
    ['no accept key', without('Sec-WebSocket-Accept'), 'accept-mismatch'],
    ['two accept keys', plus(['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']), 'accept-mismatch'],
    ['the key itself', without('Sec-WebSocket-Accept', ['Sec-WebSocket-Accept', pending.key]), 'accept-mismatch'],
    [
      'an accept key in another case',
      without('Sec-WebSocket-Accept', ['Sec-WebSocket-Accept', 'S3pPLMBiTxaQ9kYGzzhZRbK+xOo=']),
      'accept-mismatch',
    ],
    [
      'the accept key of another key',
      without('Sec-WebSocket-Accept', ['Sec-WebSocket-Accept', acceptKey('AAAAAAAAAAAAAAAAAAAAAA==')]),
      'accept-mismatch',
    ],
    [
      'an accept key under an inherited name',
      without('Sec-WebSocket-Accept', ['constructor', headers[2]![1]]),
      'accept-mismatch',
    ],
    ['a subprotocol that was not offered', plus(['Sec-WebSocket-Protocol', 'c']), 'subprotocol-unexpected'],
    ['a subprotocol in another case', plus(['Sec-WebSocket-Protocol', 'A']), 'subprotocol-unexpected'],
    ['an empty subprotocol', plus(['Sec-WebSocket-Protocol', '']), 'subprotocol-unexpected'],
    ['a list of subprotocols', plus(['Sec-WebSocket-Protocol', 'a, b']), 'subprotocol-unexpected'],
    [
      'two subprotocol headers',
      plus(['Sec-WebSocket-Protocol', 'a'], ['Sec-WebSocket-Protocol', 'a']),
      'subprotocol-unexpected',
    ],
    ['an extension that was not offered', plus(['Sec-WebSocket-Extensions', 'other']), 'extension-unexpected'],
    [
      'H5: an extension with an inherited name',
      plus(['Sec-WebSocket-Extensions', 'constructor']),
      'extension-unexpected',
    ],
    [
      'an extension that is known, but was not offered',
      plus(['Sec-WebSocket-Extensions', 'unoffered']),
      'extension-unexpected',
    ],
    ['an extension twice', plus(['Sec-WebSocket-Extensions', 'toy; size=1, toy; size=1']), 'extension-unexpected'],
    [
      'two extension headers',
      plus(['Sec-WebSocket-Extensions', 'toy; size=1'], ['Sec-WebSocket-Extensions', '']),
      'extensions-malformed',
    ],
    ['broken extensions', plus(['Sec-WebSocket-Extensions', 'toy;']), 'extensions-malformed'],
    ['parameters that the extension refuses', plus(['Sec-WebSocket-Extensions', 'toy']), 'extension-unacceptable'],
    [
      'parameters that the extension throws for',
      plus(['Sec-WebSocket-Extensions', 'toy; size=1; more']),
      'extension-unacceptable',
    ],
  ])('%s', (_, response, reason) => {
    const result = verifyUpgrade(response, pending);
    if (result.ok) throw new Error(`expected ${reason}`);
    expect(result.error).toMatchObject({
      name: 'HandshakeError',
      reason,
      status: response.status,
      headers: response.headers,
    });
  });

  test('the error says what the server answered, and why an extension refused', () => {
    const refused = verifyUpgrade(
      { ...response, status: 401, reason: 'Unauthorized', headers: [['WWW-Authenticate', 'Bearer']] },
      pending,
    );
    expect(refused).toMatchObject({
      error: {
        message: 'The server answered 401 Unauthorized',
        status: 401,
        headers: [['WWW-Authenticate', 'Bearer']],
      },
    });
    const result = verifyUpgrade(plus(['Sec-WebSocket-Extensions', 'toy; size=1; more']), pending);
    expect(result).toMatchObject({ error: { cause: new Error('one parameter is enough') } });
    if (!result.ok) expect(result.error.message).toContain('one parameter is enough');
    expect(verifyUpgrade(plus(['Sec-WebSocket-Extensions', 'toy;']), pending)).toMatchObject({ error: { offset: 4 } });
  });
});
