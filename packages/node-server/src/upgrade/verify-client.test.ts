import { once } from 'node:events';
import type { Verdict } from '@ws/handshake';
import { expect, test } from 'vitest';
import { open, request, text, textLine } from '../../test/raw-client.suite.ts';
import { deferred, nextConnection, type ServeOptions, serve } from '../../test/serve.suite.ts';
import type { WebSocket } from '../websocket.ts';
import type { ClientInfo, VerifyCallback, VerifyClient } from './verify-client.ts';

const echo = (socket: WebSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

const forms: [string, VerifyClient][] = [
  ['sync', () => true],
  ['sync verdict', () => ({ ok: true })],
  ['promise', async () => true],
  ['callback at once', (_info: ClientInfo, callback: VerifyCallback) => callback(true)],
  ['callback later', (_info: ClientInfo, callback: VerifyCallback) => void setImmediate(callback, true)],
  // biome-ignore lint/suspicious/noThenProperty: a promise of another library
  ['thenable', () => ({ then: (resolve: (verdict: Verdict) => void) => resolve(true) }) as unknown as Promise<Verdict>],
];

for (const [name, verifyClient] of forms) {
  test(`H9: verifyClient lets in, ${name} form, and messages flow both ways`, async () => {
    const { port } = await serve({ verifyClient }, echo);
    const client = await open(port);
    expect(await client.send(text('hello')).received(1)).toEqual([textLine('hello')]);
  });
}

test('H9: a callback without a status, by null or 0 as well, refuses with a 401', async () => {
  for (const status of [undefined, null, 0]) {
    const verifyClient = (_info: ClientInfo, callback: VerifyCallback) =>
      callback(false, status as never, null as never);
    const { port } = await serve({ verifyClient });
    expect((await request(port).response()).status).toBe(401);
  }
});

test('H9: a callback that was written for ws refuses as it does there: digits, a Buffer, fields of its own', async () => {
  const refusals: [unknown, unknown, unknown][] = [
    ['403', 'not you', { Connection: 'close', 'content-length': 7, 'X-Why': 'a' }],
    [403, Buffer.from('not you'), new Map([['X-Why', 'a']])],
    [403, 'not you', [['X-Why', 'a']]],
  ];
  for (const [status, body, headers] of refusals) {
    const verifyClient = (_info: ClientInfo, callback: VerifyCallback) =>
      callback(false, status as never, body as never, headers as never);
    const { port } = await serve({ verifyClient });
    const client = request(port);
    const response = await client.response();
    expect([response.status, response.fields.get('x-why'), response.fields.get('content-length')]).toEqual([
      403,
      'a',
      '7',
    ]);
    await client.end();
    expect(client.bytes.toString()).toMatch(/\r\n\r\nnot you$/);
  }
  const { port } = await serve({ verifyClient: (_info, callback) => callback(false, 403, 'x', 'Connection' as never) });
  expect((await request(port).response()).status).toBe(500);
});

test('H9: what the client has sent while the hook decides comes first', async () => {
  const decision = deferred<Verdict>();
  const asked = deferred();
  const verifyClient = () => {
    asked.resolve();
    return decision.promise;
  };
  const { port } = await serve({ verifyClient }, echo);
  const client = request(port).send(text('early'), text('bird'));
  await asked.promise;
  client.send(text('third'));
  decision.resolve(true);
  client.send(text('fourth'));
  expect(await client.received(4)).toEqual(['early', 'bird', 'third', 'fourth'].map(textLine));
});

test('H9: a refusal is a 401 with WWW-Authenticate: Bearer, unless the verdict says otherwise', async () => {
  const verdicts: Verdict[] = [
    false,
    { ok: false },
    { ok: false, headers: { 'www-authenticate': 'Basic realm="x"' } },
    { ok: false, status: 403, body: 'not you', headers: { 'X-Why': ['a', 'b'] } },
    { ok: false, status: 302, headers: { Location: '/login' } },
  ];
  const { port } = await serve({ verifyClient: async () => verdicts.shift()! });
  const answers = [];
  while (verdicts.length > 0) {
    const client = request(port);
    const { status, fields } = await client.response();
    await client.end();
    const body = client.bytes.toString().split('\r\n\r\n')[1];
    answers.push([status, fields.get('www-authenticate'), fields.get('x-why'), fields.get('location'), body]);
    expect(fields.get('connection')).toBe('close');
  }
  expect(answers).toEqual([
    [401, 'Bearer', undefined, undefined, '401 Unauthorized\n'],
    [401, 'Bearer', undefined, undefined, '401 Unauthorized\n'],
    [401, 'Basic realm="x"', undefined, undefined, '401 Unauthorized\n'],
    [403, undefined, 'b', undefined, 'not you'],
    [302, undefined, undefined, '/login', '302\n'],
  ]);
});

test('H9: the callback form refuses with status, body and headers, as ws has it', async () => {
  const { port } = await serve({
    verifyClient: (_info, callback) => callback(false, 429, 'slow down', { 'Retry-After': 7, 'X-A': ['a', 'b'] }),
  });
  const client = request(port);
  const { status, fields } = await client.response();
  await client.end();
  expect([status, fields.get('retry-after'), fields.get('content-length')]).toEqual([429, '7', '9']);
  expect(client.bytes.toString()).toContain('X-A: a\r\nX-A: b\r\n');
  expect(client.bytes.toString().endsWith('\r\n\r\nslow down')).toBe(true);
});

test('H9: a bearer token decides, and what it stands for is the context; headers go on the 101', async () => {
  const users = new Map([['Bearer s3cret', { name: 'ada' }]]);
  const { server, port } = await serve({
    verifyClient: async ({ req }) => {
      const user = users.get(req.headers.authorization ?? '');
      return user ? { ok: true, context: user, headers: { 'Set-Cookie': ['a=1', 'b=2'] } } : false;
    },
  });
  const connected = nextConnection(server);
  const client = await open(port, { Authorization: 'Bearer s3cret' });
  expect((await connected).context).toEqual({ name: 'ada' });
  expect((await client.response()).head).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
  const stranger = request(port, { Authorization: 'Bearer guess' });
  expect((await stranger.response()).status).toBe(401);
  await stranger.end();
});

test('H9: the hook is told the origin, whether it is TLS, the request and a signal', async () => {
  const infos: ClientInfo[] = [];
  const { port } = await serve({ verifyClient: (info) => infos.push(info) > 0 });
  await open(port, { Origin: 'https://example.com' }, 'GET /chat?x=1 HTTP/1.1');
  await open(port);
  expect(infos.map(({ origin, secure, req, signal }) => [origin, secure, req.url, signal.aborted])).toEqual([
    ['https://example.com', false, '/chat?x=1', false],
    [undefined, false, '/', false],
  ]);
});

const nonsense = undefined as unknown as Verdict;
const broken: [string, VerifyClient][] = [
  [
    'throws',
    () => {
      throw new Error('database away');
    },
  ],
  ['rejects', () => Promise.reject(new Error('database away'))],
  [
    'throws what cannot become a string',
    () => {
      throw Object.create(null);
    },
  ],
  ['rejects with what cannot become a string', () => Promise.reject(Object.create(null))],
  [
    'with a callback throws',
    (_info: ClientInfo, _callback: VerifyCallback) => {
      throw new Error('database away');
    },
  ],
  ['answers with nothing', () => nonsense],
  ['resolves to nothing', async () => nonsense],
  ['answers with a status that is none', () => ({ ok: false, status: 200 })],
  ['adds a header with CRLF (H15)', () => ({ ok: true, headers: { 'X-A': 'a\r\nSet-Cookie: b' } })],
  ['refuses with a header with CRLF (H15)', () => ({ ok: false, headers: { 'X-A': 'a\nb' } })],
  ['adds a header of the handshake', () => ({ ok: true, headers: { 'Sec-WebSocket-Protocol': 'x' } })],
  [
    'calls back with headers that are none',
    (_info: ClientInfo, callback: VerifyCallback) =>
      void setImmediate(callback, false, 400, '', { 'X-A': true as unknown as string }),
  ],
];

for (const [name, verifyClient] of broken) {
  test(`H9, H16: a hook that ${name}: 500, which says nothing of the reason, and the socket ends`, async () => {
    const { server, port } = await serve({ verifyClient });
    const client = request(port);
    const { status, head } = await client.response();
    await client.end();
    expect(status).toBe(500);
    expect(head).toContain('Connection: close\r\n');
    expect(client.bytes.toString()).not.toMatch(/database|TypeError|Set-Cookie/);
    expect(server.clients.size).toBe(0);
  });
}

test('H9: the reason of a 500 goes to wsClientError, with the thrown error as its cause', async () => {
  const thrown = new Error('database away');
  const { server, port } = await serve({ verifyClient: () => Promise.reject(thrown) });
  const told = once(server, 'wsClientError');
  const client = request(port);
  const [error, socket] = await told;
  expect(error).toMatchObject({ name: 'HandshakeError', status: 500, cause: thrown });
  socket.end('HTTP/1.1 500 Oops\r\n\r\n');
  expect((await client.response()).status).toBe(500);
  await client.end();
});

test('H9: a hook that never decides: its signal is aborted after handshakeTimeout, and the client gets a 503', async () => {
  const signals: AbortSignal[] = [];
  const { port } = await serve({
    handshakeTimeout: 20,
    verifyClient: ({ signal }) => new Promise(() => signals.push(signal)),
  });
  const client = request(port);
  expect((await client.response()).status).toBe(503);
  await client.end();
  expect(signals.map(({ aborted, reason }) => [aborted, reason.message])).toEqual([
    [true, 'verifyClient has not decided for 20 ms'],
  ]);
});

test('a hook that never decides is told to the operator, with what is likely where it has a second parameter', async () => {
  for (const [verifyClient, hint] of [
    [() => new Promise<boolean>(() => {}), ''],
    [async (_info: ClientInfo, _callback: VerifyCallback) => true, ' (it has a second parameter: it must call it)'],
  ] as const) {
    const { server, port } = await serve({ handshakeTimeout: 20, verifyClient });
    const failed = once(server, 'wsClientError');
    server.once('wsClientError', (error, socket) => socket.end(error.message));
    const client = request(port);
    await client.end();
    expect((await failed)[0]).toMatchObject({ status: 503, message: `verifyClient has not decided for 20 ms${hint}` });
  }
});

test('H9: server.close() aborts the hooks that still decide, and their clients get a 503', async () => {
  const asked = deferred<AbortSignal>();
  const decision = deferred<Verdict>();
  const { server, port } = await serve({
    verifyClient: ({ signal }) => {
      asked.resolve(signal);
      return decision.promise;
    },
  });
  server.on('connection', () => expect.unreachable('the server was closed'));
  const client = request(port);
  const signal = await asked.promise;
  const closed = once(server, 'close');
  server.close();
  expect(signal.aborted).toBe(true);
  decision.resolve(true);
  expect((await client.response()).status).toBe(503);
  await Promise.all([client.end(), closed]);
});

test('H9: a yes around the moment in which the server is closed connects nobody after it', async () => {
  // So many microtasks may lie between the yes and the close: at some of them the yes is on its way.
  for (let microtasks = 0; microtasks < 10; microtasks++) {
    const asked = deferred();
    const decision = deferred<Verdict>();
    const { server, port } = await serve({
      verifyClient: () => {
        asked.resolve();
        return decision.promise;
      },
    });
    let closed = false;
    server.on('connection', () => expect(closed).toBe(false));
    const client = request(port);
    await asked.promise;
    decision.resolve(true);
    for (let i = 0; i < microtasks; i++) await undefined;
    server.close();
    closed = true;
    const { status } = await client.response();
    expect(status).toBe(server.clients.size === 0 ? 503 : 101);
  }
});

test('H9: a client that sends without end before it is answered is not read beyond 64 KiB and a read', async () => {
  const asked = deferred<ClientInfo>();
  const decision = deferred<Verdict>();
  const { server, port } = await serve({
    handshakeTimeout: 60_000,
    verifyClient: (info) => {
      if (info.req.url === '/other') return true;
      asked.resolve(info);
      return decision.promise;
    },
  });
  const client = request(port);
  const { req } = await asked.promise;
  const paused = once(req.socket, 'pause');
  for (let i = 0; i < 256; i++) client.send({ opcode: 2, payload: Buffer.alloc(65_536, i) });
  await paused;
  const other = await open(port, {}, 'GET /other HTTP/1.1');
  await other.send({ opcode: 9 }).received(1);
  expect(req.socket.bytesRead).toBeLessThanOrEqual(4 * 65_536);
  expect(client.socket.writableLength).toBeGreaterThan(0);
  // Nothing of it is lost.
  const connected = nextConnection(server);
  decision.resolve(true);
  const socket = await connected;
  let next = 0;
  const all = deferred();
  socket.on('message', (data: Buffer) => {
    if (data.length !== 65_536 || data[0] !== next || data[65_535] !== next) all.reject(new Error(`message ${next}`));
    if (++next === 256) all.resolve();
  });
  await all.promise;
});

test('H9: an async hook that takes a callback and rejects is a 500, with the error as its cause', async () => {
  const thrown = new Error('no database');
  const { server, port } = await serve({
    verifyClient: async (_info, _callback) => {
      throw thrown;
    },
  });
  const failed = once(server, 'wsClientError');
  request(port);
  const [error, socket] = await failed;
  expect(error).toMatchObject({ status: 500, cause: thrown });
  socket.destroy();
});

const closing: [string, (close: () => true) => ServeOptions][] = [
  ['verifyClient, sync', (close) => ({ verifyClient: () => close() })],
  ['verifyClient, async', (close) => ({ verifyClient: async () => close() })],
  ['handleProtocols', (close) => ({ handleProtocols: () => close() && 'a' })],
];

for (const [name, options] of closing) {
  test(`${name}: the hook closes the server: the client gets a 503, and nobody is connected after close()`, async () => {
    const { server, port } = await serve(
      options(() => {
        server.close();
        return true;
      }),
    );
    server.on('connection', () => expect.unreachable('the server was closed'));
    const closed = once(server, 'close');
    const client = request(port, { 'Sec-WebSocket-Protocol': 'a' });
    expect((await client.response()).status).toBe(503);
    await client.end();
    await closed;
  });
}
