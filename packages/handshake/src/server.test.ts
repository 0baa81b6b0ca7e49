import { describe, expect, test } from 'vitest';
import { acceptUpgrade, checkUpgrade, type HandshakeReason, type RequestHead } from './index.ts';
import { anything, expectRefused, headers, plus, request, without } from './sample-request.suite.ts';

test("RFC 6455's sample", () => {
  expect(acceptUpgrade(request, anything)).toEqual({
    ok: true,
    response: {
      httpVersion: '1.1',
      status: 101,
      reason: 'Switching Protocols',
      headers: [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
        ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      ],
    },
    negotiated: { subprotocol: '', extensions: [] },
  });
});

test('what is offered is handed out before anything is decided', () => {
  const asked = plus(
    ['Sec-WebSocket-Protocol', 'b, a'],
    ['Sec-WebSocket-Extensions', 'x; y=1'],
    ['sec-websocket-protocol', 'c'],
    ['Sec-WebSocket-Extensions', 'z'],
  );
  expect(checkUpgrade(asked, anything)).toEqual({
    ok: true,
    offer: {
      request: asked,
      key: 'dGhlIHNhbXBsZSBub25jZQ==',
      subprotocols: ['b', 'a', 'c'],
      extensions: [
        { name: 'x', parameters: [['y', '1']] },
        { name: 'z', parameters: [] },
      ],
      origin: 'http://example.com',
    },
  });
});

describe('what is accepted', () => {
  test.each<[string, RequestHead]>([
    [
      'names and tokens in any case',
      {
        ...request,
        headers: headers.map(([name, value]) => [
          name.toUpperCase(),
          /^(websocket|upgrade)$/i.test(value) ? value.toUpperCase() : value,
        ]),
      },
    ],
    ['lists with other elements', without('Connection', ['Connection', 'keep-alive, Upgrade'])],
    ['lists over several fields', without('Connection', ['Connection', 'keep-alive'], ['Connection', 'upgrade'])],
    ['empty list elements', without('Upgrade', ['Upgrade', ', ,h2c,\twebsocket ,'])],
    ['blanks around values', without('Sec-WebSocket-Version', ['Sec-WebSocket-Version', ' 13\t'])],
    ['a higher HTTP/1', { ...request, httpVersion: '1.2' }],
    ['an absolute target', { ...request, target: 'http://server.example.com/chat' }],
    ['an absolute ws target', { ...request, target: 'WSS://server.example.com' }],
    ['an absolute target with a query and no path', { ...request, target: 'http://[::1]:80?x' }],
    ...[
      'a',
      'A.b:80',
      'a_b',
      '127.0.0.1:8080',
      '[::1]',
      '[fe80::1%eth0]:8080',
      '[2001:DB8::1]:443',
      'a:',
      'xn--a.b',
      '%c3%a9',
      "!$&'()*+;=~",
    ].map((host): [string, RequestHead] => [`the Host ${host}`, without('Host', ['Host', host])]),
    ['H2: Content-Length 0', plus(['Content-Length', '0'])],
    [
      'H3: a key whose last digit has low bits',
      without('Sec-WebSocket-Key', ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZR==']),
    ],
    [
      'H4: empty lists of subprotocols and extensions',
      plus(['Sec-WebSocket-Protocol', ''], ['Sec-WebSocket-Extensions', ' ,']),
    ],
    ['no Origin', without('Origin')],
    ['an Accept key that is not ours to judge', plus(['Sec-WebSocket-Accept', 'x'])],
  ])('%s', (_, request) => {
    expect(acceptUpgrade(request, anything)).toMatchObject({ ok: true });
  });
});

describe('what is refused', () => {
  test.each<[string, RequestHead, HandshakeReason, number]>([
    ...['POST', 'get', 'HEAD', 'CONNECT', 'OPTIONS', ''].map(
      (method): [string, RequestHead, HandshakeReason, number] => [
        `H2: method ${method}`,
        { ...request, method },
        'method-not-get',
        405,
      ],
    ),
    ...['1.0', '0.9', '2.0', '3.0', '', '1', '1.10', '11.1'].map(
      (httpVersion): [string, RequestHead, HandshakeReason, number] => [
        `H2: HTTP/${httpVersion}`,
        { ...request, httpVersion },
        'http-version-unsupported',
        505,
      ],
    ),
    ...[
      ...['*', '', 'chat', 'server.example.com:80', 'ftp://a/', 'http:///x', 'ws://', 'wss://?', 'http://u:p@h/'],
      ...['/x#f', '/#', 'http://h#f', 'http://h/#', 'http://a b/', 'http://[::1/'],
    ].map((target): [string, RequestHead, HandshakeReason, number] => [
      `target ${target}`,
      { ...request, target },
      'target-malformed',
      400,
    ]),
    ['H2: Transfer-Encoding', plus(['Transfer-Encoding', 'chunked']), 'body-forbidden', 400],
    ['H2: an empty Transfer-Encoding', plus(['transfer-encoding', '']), 'body-forbidden', 400],
    ['H2: Content-Length 1', plus(['Content-Length', '1']), 'body-forbidden', 400],
    [
      'H2: Content-Length that other parsers may read as 5',
      plus(['Content-Length', '0'], ['content-length', '5']),
      'body-forbidden',
      400,
    ],
    ['H2: Content-Length +0', plus(['Content-Length', '+0']), 'body-forbidden', 400],
    ['H2: Content-Length empty', plus(['Content-Length', '']), 'body-forbidden', 400],
    ['H2: Upgrade: h2c', without('Upgrade', ['Upgrade', 'h2c']), 'upgrade-missing', 426],
    ['two Hosts', plus(['host', 'server.example.com']), 'host-malformed', 400],
    ['two keys, H3', plus(['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']), 'key-malformed', 400],
    ['two versions, H3', plus(['sec-websocket-version', '13']), 'version-unsupported', 426],
    ['two Origins', plus(['Origin', 'http://example.com']), 'origin-malformed', 400],
    [
      'a subprotocol twice',
      plus(['Sec-WebSocket-Protocol', 'a, b'], ['Sec-WebSocket-Protocol', 'a']),
      'subprotocols-malformed',
      400,
    ],
    ['a subprotocol that is no token', plus(['Sec-WebSocket-Protocol', 'a, b c']), 'subprotocols-malformed', 400],
    ['a quoted subprotocol', plus(['Sec-WebSocket-Protocol', '"a"']), 'subprotocols-malformed', 400],
    [
      'broken extensions',
      plus(['Sec-WebSocket-Extensions', 'a;'], ['Sec-WebSocket-Extensions', 'b']),
      'extensions-malformed',
      400,
    ],
  ])('%s', (_, request, reason, status) => {
    expectRefused(request, reason, status);
  });

  test.each<[string, RequestHead]>([
    ['another method', { ...without('Host'), method: 'POST' }],
    ['HEAD', { ...plus(['Host', 'b']), method: 'HEAD' }],
    ['no target', { ...without('Host', ['Host', 'a b']), target: '*' }],
    ['a body', { ...request, headers: [['Content-Length', '5']] }],
  ])('a wrong Host comes first: %s (RFC 9112 section 3.2)', (_, request) => {
    expectRefused(request, 'host-malformed', 400);
  });

  // Every required header: missing, empty, and with values that are nearly right.
  test.each<[string, HandshakeReason, number, string[]]>([
    [
      'Host',
      'host-malformed',
      400,
      ['a b', 'u@b', 'a/../b', 'a?x', 'a#x', '[::1', '[...]', '[:]', '\xff', 'a%2', ':80', 'a:b', 'a:80:90'],
    ],
    [
      'Upgrade',
      'upgrade-missing',
      426,
      [
        'web socket',
        'websockets',
        'websocket/13',
        '"websocket"',
        '\xa0websocket',
        'web\u017focket',
        'websoc\u212aet',
        'constructor',
      ],
    ],
    [
      'Connection',
      'connection-missing',
      426,
      ['keep-alive', 'Upgrade keep-alive', 'upgrade;', 'close', 'xupgrade', '\xa0upgrade'],
    ],
    [
      'Sec-WebSocket-Key',
      'key-malformed',
      400,
      [
        'dGhlIHNhbXBsZSBub25jZQ=',
        'dGhlIHNhbXBsZSBub25jZQ',
        'dGhlIHNhbXBsZSBub25jZQ===',
        'dGhlIHNhbXBsZSBub25jZ===',
        'dGhlIHNhbXBsZSBub25jZQA=',
        'dGhlIHNhbXBsZSBub25jZQAA',
        '-_hlIHNhbXBsZSBub25jZQ==',
        'dGhlIHNhbXBs ZSBub25jZ==',
        'x',
        'dGhlIHNhbXBsZSBub25jZQ==\n',
        'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==',
      ],
    ],
    [
      'Sec-WebSocket-Version',
      'version-unsupported',
      426,
      ['0x0d', '1.3e1', '013', '+13', '13.0', '13, 13', '12', '8', '14', '"13"', '１３', '13\n'],
    ],
  ])('H3: %s missing, empty or not right', (name, reason, status, values) => {
    expectRefused(without(name), reason, status);
    for (const value of ['', ' ', ...values]) expectRefused(without(name, [name, value]), reason, status);
    // A header with nearly that name, or one that every object has, does not stand in for it.
    const right = headers.find(([other]) => other === name)![1];
    for (const other of [`X-${name}`, `${name} `, 'constructor', '__proto__']) {
      expectRefused(without(name, [other, right]), reason, status);
    }
  });

  test('the message shows what was sent, but not all of it', () => {
    const result = checkUpgrade({ ...request, method: 'X'.repeat(10_000) }, anything);
    expect(result).toMatchObject({ ok: false });
    if (!result.ok) expect(result.error.message.length).toBeLessThan(200);
  });
});
