import { describe, expect, test } from 'vitest';
import {
  type Acceptance,
  acceptUpgrade,
  checkUpgrade,
  completeUpgrade,
  type ExtensionNegotiator,
  type HandshakeReason,
  type HeaderFields,
  headerValues,
  type RequestHead,
  UpgradePolicy,
  type UpgradePolicyOptions,
} from './index.ts';

/** RFC 6455 section 1.2, without its subprotocols. */
const headers: HeaderFields = [
  ['Host', 'server.example.com'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Origin', 'http://example.com'],
  ['Sec-WebSocket-Version', '13'],
];
const request: RequestHead = { method: 'GET', target: '/chat', httpVersion: '1.1', headers };
const anything = new UpgradePolicy();

const plus = (...more: [string, string][]): RequestHead => ({ ...request, headers: [...headers, ...more] });
const without = (name: string, ...more: [string, string][]): RequestHead => ({
  ...request,
  headers: [...headers.filter(([other]) => other !== name), ...more],
});

function accepted<E>(request: RequestHead, policy: UpgradePolicy<E>): Acceptance<E> {
  const result = acceptUpgrade(request, policy);
  if (!result.ok) throw result.error;
  return result;
}

function expectRefused(request: RequestHead, reason: HandshakeReason, status: number, policy = anything): void {
  const result = checkUpgrade(request, policy);
  if (result.ok) throw new Error(`expected ${reason}`);
  const { response, error } = result;
  expect({ reason: error.reason, status: response.status }).toEqual({ reason, status });
  expect(error).toMatchObject({ status, headers: response.headers });
  expect(headerValues(response.headers, 'connection')[0]).toMatch(/^(Upgrade, )?close$/);
  expect(headerValues(response.headers, 'content-length')).toEqual([String(response.body.length)]);
  if (status === 426) {
    expect(headerValues(response.headers, 'upgrade')).toEqual(['websocket']);
    expect(headerValues(response.headers, 'sec-websocket-version')).toEqual(['13']);
  }
  if (status === 405) expect(headerValues(response.headers, 'allow')).toEqual(['GET']);
  expect(acceptUpgrade(request, policy)).toEqual(result);
}

test("RFC 6455's sample", () => {
  expect(accepted(request, anything)).toEqual({
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
    ...['*', '', 'chat', 'server.example.com:80', 'ftp://a/'].map(
      (target): [string, RequestHead, HandshakeReason, number] => [
        `target ${target}`,
        { ...request, target },
        'target-malformed',
        400,
      ],
    ),
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

  // Every required header: missing, empty, and with values that are nearly right.
  test.each<[string, HandshakeReason, number, string[]]>([
    ['Host', 'host-malformed', 400, []],
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

describe('H8: origins', () => {
  const from = (origin?: string) => (origin === undefined ? without('Origin') : without('Origin', ['Origin', origin]));
  const policy = new UpgradePolicy({ allowedOrigins: ['https://Example.com:443', 'http://localhost:3000'] });

  test('those that are listed pass, as a browser serialises them', () => {
    for (const origin of ['https://example.com', 'http://localhost:3000']) {
      expect(checkUpgrade(from(origin), policy)).toMatchObject({ ok: true, offer: { origin } });
    }
    for (const origin of [
      ...['https://evil.example', 'http://example.com', 'https://example.com:8443', 'https://example.com.evil.example'],
      ...[
        'https://evil-example.com',
        'https://sub.example.com',
        'https://example.com/',
        'null',
        '',
        'constructor',
        '*',
      ],
    ]) {
      expectRefused(from(origin), 'origin-forbidden', 403, policy);
    }
  });

  test('an absent one passes unless it is required', () => {
    expect(checkUpgrade(from(), policy)).toMatchObject({ ok: true, offer: { origin: undefined } });
    expectRefused(
      from(),
      'origin-missing',
      403,
      new UpgradePolicy({ allowedOrigins: ['https://example.com'], requireOrigin: true }),
    );
    expectRefused(from(), 'origin-missing', 403, new UpgradePolicy({ requireOrigin: true }));
  });

  test('null passes only where it is listed, an empty list lets nobody in, none lets all in', () => {
    expect(checkUpgrade(from('null'), new UpgradePolicy({ allowedOrigins: ['null'] }))).toMatchObject({ ok: true });
    expectRefused(from('http://example.com'), 'origin-forbidden', 403, new UpgradePolicy({ allowedOrigins: [] }));
    expect(checkUpgrade(from('https://evil.example'), anything)).toMatchObject({ ok: true });
  });

  test('a plain object is no policy: its list would be forgotten', () => {
    const plain = { allowedOrigins: ['https://example.com'] } as unknown as UpgradePolicy;
    expect(() => checkUpgrade(request, plain)).toThrow(TypeError);
    expect(() => acceptUpgrade(request, plain)).toThrow(TypeError);
  });
});

describe('subprotocols', () => {
  const chosen = (offered: string | undefined, options: UpgradePolicyOptions) => {
    const asked = offered === undefined ? request : plus(['Sec-WebSocket-Protocol', offered]);
    const { response, negotiated } = accepted(asked, new UpgradePolicy(options));
    const sent = headerValues(response.headers, 'sec-websocket-protocol');
    expect(sent).toEqual(negotiated.subprotocol === '' ? [] : [negotiated.subprotocol]);
    return negotiated.subprotocol;
  };

  test('H19: without a list none is chosen, and no header is sent', () => {
    expect(chosen('a, b', {})).toBe('');
    expect(chosen(undefined, {})).toBe('');
  });

  test("the server's order decides, and what was not offered is not chosen", () => {
    expect(chosen('a, b', { subprotocols: ['b', 'a'] })).toBe('b');
    expect(chosen('a, b', { subprotocols: ['c'] })).toBe('');
    expect(chosen(undefined, { subprotocols: ['a'] })).toBe('');
  });

  test('the application may choose, out of what was offered', () => {
    const calls: unknown[] = [];
    const selectSubprotocol = (offered: readonly string[], request: RequestHead) => {
      calls.push([offered, request.target]);
      return offered.at(-1);
    };
    expect(chosen('a, b', { selectSubprotocol })).toBe('b');
    expect(chosen(undefined, { selectSubprotocol })).toBe('');
    expect(calls).toEqual([[['a', 'b'], '/chat']]);
    expect(chosen('a', { selectSubprotocol: () => undefined })).toBe('');
    expect(chosen('a', { selectSubprotocol: () => '' })).toBe('');
    for (const bad of ['c', 'A', 'a\r\nX: y', false as unknown as string]) {
      expect(() => chosen('a', { selectSubprotocol: () => bad })).toThrow(TypeError);
    }
  });

  test('what completes the handshake may overrule the policy', () => {
    const policy = new UpgradePolicy({ subprotocols: ['a'] });
    const checked = checkUpgrade(plus(['Sec-WebSocket-Protocol', 'a, b']), policy);
    if (!checked.ok) throw checked.error;
    const complete = (subprotocol?: string) =>
      completeUpgrade(checked.offer, policy, { subprotocol }).negotiated.subprotocol;
    expect([complete(), complete('b'), complete('')]).toEqual(['a', 'b', '']);
    expect(() => complete('c')).toThrow('was not offered');
  });
});

describe('H4: extensions', () => {
  /** Wants one `size` of digits; answers with it. */
  const toy = (name: string): ExtensionNegotiator<{ size: number }> => ({
    name,
    accept(parameters) {
      const [[key, value] = [], ...more] = parameters;
      if (key !== 'size' || !value || !/^\d+$/.test(value) || more.length > 0) return undefined;
      return { parameters: [['size', value]], extension: { size: Number(value) } };
    },
  });
  const policy = new UpgradePolicy({ extensions: [toy('toy'), toy('constructor')] });
  const negotiate = (...values: string[]) => {
    const { response, negotiated } = accepted(
      plus(...values.map((value): [string, string] => ['Sec-WebSocket-Extensions', value])),
      policy,
    );
    return {
      sent: headerValues(response.headers, 'sec-websocket-extensions'),
      sizes: negotiated.extensions.map(({ extension }) => extension.size),
    };
  };

  test.each<[string, string[], string[], number[]]>([
    ['none offered', [], [], []],
    ['unknown ones', ['permessage-deflate, x-webkit-deflate-frame, __proto__'], [], []],
    ['one', ['toy; size=1'], ['toy; size=1'], [1]],
    ['quoted', ['toy; size="\\1"'], ['toy; size=1'], [1]],
    ['a bad offer, then a good one', ['toy, toy; size=x, toy; size=2, toy; size=3'], ['toy; size=2'], [2]],
    ['duplicate parameters are for the extension to judge', ['toy; size=1; size=2'], [], []],
    [
      "two, in the client's order",
      ['constructor; size=1', ', ,toy; size=2'],
      ['constructor; size=1, toy; size=2'],
      [1, 2],
    ],
    ['with case', ['TOY; size=1'], [], []],
  ])('%s', (_, values, sent, sizes) => {
    expect(negotiate(...values)).toEqual({ sent, sizes });
  });

  test('H5: a name that every object has is no extension', () => {
    const { negotiated } = accepted(plus(['Sec-WebSocket-Extensions', 'constructor, toString; size=1']), anything);
    expect(negotiated.extensions).toEqual([]);
  });
});

describe('header fields of the application', () => {
  test('those of the policy, then those of this response, duplicates kept', () => {
    const policy = new UpgradePolicy({
      headers: [
        ['Server', 'x'],
        ['Set-Cookie', 'a=1'],
      ],
    });
    const checked = checkUpgrade(request, policy);
    if (!checked.ok) throw checked.error;
    const { response } = completeUpgrade(checked.offer, policy, {
      headers: [
        ['Set-Cookie', 'b=2'],
        ['Set-Cookie', 'c=3'],
      ],
    });
    expect(response.headers.slice(3)).toEqual([
      ['Server', 'x'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['Set-Cookie', 'c=3'],
    ]);
  });

  test.each<[string, string]>([
    ...[
      'Upgrade',
      'connection',
      'CONTENT-LENGTH',
      'Transfer-Encoding',
      'Sec-WebSocket-Accept',
      'sec-websocket-protocol',
      'Sec-WebSocket-Future',
    ].map((name): [string, string] => [name, 'x']),
    ['X', 'a\r\nSet-Cookie: evil=1'],
    ['X', 'a\0'],
    ['X', 'Ā'],
    ['X\r\nY', 'a'],
    ['X Y', 'a'],
    ['', 'a'],
  ])('H15: %j: %j is a TypeError', (name, value) => {
    expect(() => new UpgradePolicy({ headers: [[name, value]] })).toThrow(TypeError);
    expect(() => acceptUpgrade(request, anything, { headers: [[name, value]] })).toThrow(TypeError);
  });
});

test.each<[string, UpgradePolicyOptions]>([
  ['an origin without scheme', { allowedOrigins: ['example.com'] }],
  ['an origin with a path', { allowedOrigins: ['https://example.com/'] }],
  ['origins that are no array', { allowedOrigins: 'https://example.com' as unknown as string[] }],
  ['a subprotocol that is no token', { subprotocols: ['a b'] }],
  ['a subprotocol twice', { subprotocols: ['a', 'a'] }],
  ['subprotocols that are no array', { subprotocols: 'chat' as unknown as string[] }],
  ['two ways to choose', { subprotocols: ['a'], selectSubprotocol: () => 'a' }],
  ['a flag that is a string', { requireOrigin: 'false' as unknown as boolean }],
  [
    'an extension twice',
    {
      extensions: [
        { name: 'a', accept: () => undefined },
        { name: 'a', accept: () => undefined },
      ],
    },
  ],
  ['an extension whose name is no token', { extensions: [{ name: 'a;b', accept: () => undefined }] }],
])('a policy is validated when it is made: %s', (_, options) => {
  expect(() => new UpgradePolicy(options)).toThrow(TypeError);
});

test('a policy keeps its own copies', () => {
  const options = {
    allowedOrigins: ['https://a.example'],
    subprotocols: ['a'],
    headers: [['A', 'b']] as [string, string][],
  };
  const policy = new UpgradePolicy(options);
  options.allowedOrigins.push('http://example.com');
  options.subprotocols.push('b');
  options.headers.push(['C', 'd']);
  expect(policy.headers).toEqual([['A', 'b']]);
  expect(policy.selectSubprotocol(['b'], request)).toBe(undefined);
  expectRefused(request, 'origin-forbidden', 403, policy);
});
