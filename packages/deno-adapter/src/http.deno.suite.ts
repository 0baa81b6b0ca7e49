/** What HTTP asks of a server, whether a WebSocket is wanted or not. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { AcceptPolicy, accept, type HandshakeError } from './index.ts';
import { Peer, start, upgradeRequest } from './peer.suite.ts';

const { test } = Deno;

/** A peer that has sent a request of these lines. */
async function ask(port: number, ...lines: string[]): Promise<Peer> {
  const peer = await Peer.connect(port);
  await peer.write(`${lines.join('\r\n')}\r\n\r\n`);
  return peer;
}

const WITHOUT_HOST: [lines: string[], status: number, message: RegExp][] = [
  [['GET /chat HTTP/1.1'], 400, /exactly one Host/],
  [['GET /other HTTP/1.1'], 400, /exactly one Host/],
  [['POST /chat HTTP/1.1'], 400, /exactly one Host/],
  [['GET /chat HTTP/1.1', 'Host: a', 'Host: b'], 400, /exactly one Host/],
  [['GET /chat HTTP/1.1', 'Host: a b'], 400, /exactly one Host/],
  [['POST /other HTTP/1.1', 'Host: localhost:99999'], 400, /Host.*port of at most 65535/],
  [['GET /chat HTTP/1.0', 'Host: a', 'Host: b'], 400, /exactly one Host/],
  [['GET /chat HTTP/1.0', 'Host: a b'], 400, /exactly one Host/],
  [['GET /chat HTTP/1.0'], 426, /connect to it with a WebSocket client/],
  [['GET /other HTTP/1.0'], 404, /not at this path/],
  [['POST /chat HTTP/1.0'], 405, /not with this method/],
  [['GET /chat HTTP/1.0', 'Upgrade: websocket'], 505, /starts with HTTP\/1\.1/],
];

for (const [lines, status, message] of WITHOUT_HOST) {
  test(`Host is judged before method, path and Upgrade, and required from HTTP/1.1 on: ${status} to ${lines.join(', ')}`, async () => {
    const errors: HandshakeError[] = [];
    await using server = start({ path: '/chat', onRefused: (error) => void errors.push(error) });
    await using peer = await ask(server.port, ...lines);
    assert.equal((await peer.response()).status, status);
    assert.match(await peer.body(), message);
    assert.equal(errors.length, 1);
    if (status === 400) assert.equal(errors[0]!.reason, 'host-malformed');
  });
}

test('onRequest: HTTP/1.0 needs no Host, and the URL has the address of the server then, or localhost if it has none', async () => {
  const onRequest = (request: Request) => new Response(request.url);
  await using server = start({ onRequest });
  await using probe = await ask(server.port, 'GET /health?x=1 HTTP/1.0');
  assert.equal(await probe.body(), `http://127.0.0.1:${server.port}/health?x=1`);
  await using named = await ask(server.port, 'GET /health HTTP/1.0', 'Host: a');
  assert.equal(await named.body(), 'http://a/health');
  for (const [localAddr, url] of [
    [{ transport: 'tcp', hostname: '::1', port: 8080 }, 'http://[::1]:8080/'],
    [{ transport: 'unix', path: '/run/socket' }, 'http://localhost/'],
    [undefined, 'http://localhost/'],
  ] as const) {
    let written = '';
    const request = new TextEncoder().encode('GET / HTTP/1.0\r\n\r\n');
    const pieces = [request];
    const conn = {
      remoteAddr: undefined,
      localAddr,
      async read(into: Uint8Array) {
        const piece = pieces.shift();
        if (piece !== undefined) into.set(piece);
        return piece?.length ?? null;
      },
      async write(bytes: Uint8Array) {
        written += new TextDecoder().decode(bytes);
        return bytes.length;
      },
      async closeWrite() {},
      close() {},
    };
    await accept(conn, new AcceptPolicy({ onRequest }));
    assert.equal(written.split('\r\n\r\n')[1], url);
  }
});

test('README: what is refused on purpose, also where there is an onRequest', async () => {
  await using server = start({ onRequest: () => new Response('a page') });
  for (const [lines, status, message] of [
    [['GET / HTTP/1.0', 'Host: a', 'Upgrade: websocket'], 505, /behind a proxy, set it to 1\.1/],
    [['', 'GET / HTTP/1.1', 'Host: a'], 400, /not legal at byte 0/],
  ] as const) {
    await using peer = await ask(server.port, ...lines);
    assert.equal((await peer.response()).status, status);
    assert.match(await peer.body(), message);
  }
});

for (const [status, connection, upgrade] of [
  [426, 'Upgrade, close', 'websocket'],
  [200, 'close', undefined],
] as const) {
  test(`of a response of onRequest with Upgrade and ${status}, the answer has Connection: ${connection}`, async () => {
    await using server = start({
      onRequest: () => new Response('no page', { status, headers: { Upgrade: 'websocket', Connection: 'x' } }),
    });
    await using peer = await ask(server.port, 'GET / HTTP/1.1', 'Host: a');
    const { status: got, fields } = await peer.response();
    assert.deepEqual([got, fields.get('connection'), fields.get('upgrade')], [status, connection, upgrade]);
  });
}

test('every answer but a 101 has a Date: its own, or the time', async () => {
  const own = 'Sun, 06 Nov 1994 08:49:37 GMT';
  await using server = start({
    path: '/chat',
    headLimits: { maxHeaderFields: 8 },
    authenticate: ({ request }) =>
      request.url.includes('own') ? { ok: false, headers: { date: own } } : Promise.resolve(false),
    onRequest: (request) => {
      if (request.url.includes('throw')) throw new Error('of onRequest');
      return new Response(null, request.url.includes('own') ? { headers: { Date: own } } : { status: 204 });
    },
  });
  const before = Math.floor(Date.now() / 1000) * 1000;
  for (const [lines, status] of [
    [['GET / HTTP/1.1', 'Host: a'], 204],
    [['HEAD / HTTP/1.1', 'Host: a'], 204],
    [['GET /own HTTP/1.1', 'Host: a'], 200],
    [['GET /throw HTTP/1.1', 'Host: a'], 500],
    [['GET / HTTP/1.1'], 400],
    [['nothing of HTTP'], 400],
    [['POST /chat HTTP/1.1', 'Host: a'], 405],
    [['GET / HTTP/1.1', ...Array.from({ length: 9 }, () => 'A: b')], 431],
    [upgradeRequest({}, 'GET /chat HTTP/1.1').trimEnd().split('\r\n'), 401],
    [upgradeRequest({}, 'GET /chat?own HTTP/1.1').trimEnd().split('\r\n'), 401],
    [upgradeRequest({}, 'GET /other HTTP/1.1').trimEnd().split('\r\n'), 404],
  ] as const) {
    await using peer = await ask(server.port, ...lines);
    const { status: got, head } = await peer.response();
    assert.equal(got, status);
    const dates = [...head.matchAll(/^date: (.*)\r$/gim)].map(([, date]) => date!);
    assert.equal(dates.length, 1, head);
    if (lines[0].includes('own')) assert.equal(dates[0], own);
    else {
      assert.match(dates[0]!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
      assert.ok(Date.parse(dates[0]!) >= before && Date.parse(dates[0]!) <= Date.now());
    }
  }
});

/** Goes to the server and back: it has read by then what others had sent before. */
async function roundTrip(port: number): Promise<void> {
  await using peer = await ask(port, 'GET /other HTTP/1.1', 'Host: a');
  await peer.body();
}

test('onRequest: a client that has ended its half after the request is answered, at once and later', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const errors: HandshakeError[] = [];
  await using server = start({
    onRequest: ({ url }) => {
      if (!url.endsWith('/later')) return new Response('at once');
      asked.resolve();
      return answer.promise;
    },
    onRefused: (error) => void errors.push(error),
  });
  await using peer = await ask(server.port, 'GET /later HTTP/1.1', 'Host: a');
  await peer.conn.closeWrite();
  await asked.promise;
  await roundTrip(server.port);
  answer.resolve(new Response('later'));
  assert.equal(await peer.body(), 'later');
  await using other = await ask(server.port, 'GET / HTTP/1.1', 'Host: a');
  await other.conn.closeWrite();
  assert.equal(await other.body(), 'at once');
  assert.deepEqual(errors, []);
});

for (const [what, leave] of [
  ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ['closes, after closeTimeout', (socket: Socket) => socket.destroy()],
] as const) {
  test(`onRequest: the response to a client that ${what} is cancelled`, async () => {
    const asked = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<unknown>();
    await using server = start({
      closeTimeout: 20,
      handshakeTimeout: 60_000,
      onRequest: () => {
        asked.resolve();
        return new Response(new ReadableStream({ cancel: cancelled.resolve }));
      },
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await asked.promise;
    leave(socket);
    assert.match(String(await cancelled.promise), /the client has gone before it was answered/);
  });
}

test('authenticate: a client that has ended its half gets a 503, since no WebSocket can be', async () => {
  const errors: HandshakeError[] = [];
  const aborted = Promise.withResolvers<unknown>();
  await using server = start({
    authenticate: ({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      return new Promise<never>(() => {});
    },
    onRefused: (error) => void errors.push(error),
  });
  await using peer = await Peer.request(server.port);
  await peer.conn.closeWrite();
  assert.equal((await peer.response()).status, 503);
  assert.equal(await peer.body(), 'the client has gone before it was answered\n');
  assert.match(String(await aborted.promise), /the client has gone/);
  assert.deepEqual(
    errors.map(({ reason, status }) => [reason, status]),
    [['refused', 503]],
  );
});

test('onRequest: what fetch has decompressed is no longer said to be compressed, and what the hook has compressed is', async () => {
  const zipped = await new Response(new Blob(['hello']).stream().pipeThrough(new CompressionStream('gzip'))).bytes();
  const headers = { 'Content-Encoding': 'gzip' };
  await using origin = start({ onRequest: () => new Response(zipped, { headers }) });
  await using server = start({ onRequest: () => fetch(`http://127.0.0.1:${origin.port}/`) });
  for (const [port, encoding] of [
    [origin.port, 'gzip'],
    [server.port, undefined],
  ] as const) {
    await using peer = await ask(port, 'GET / HTTP/1.1', 'Host: a');
    const { head } = await peer.response();
    assert.equal(/^content-encoding: (.*)\r$/im.exec(head)?.[1], encoding);
    if (encoding === undefined) assert.equal(await peer.body(), 'hello');
  }
});

test('onRequest: what is no response that can be sent is a 500, and says what it was', async () => {
  const errors: HandshakeError[] = [];
  for (const onRequest of [() => undefined as never, async () => null as never, () => Response.error()]) {
    await using server = start({ onRequest, onRefused: (error) => void errors.push(error) });
    await using peer = await ask(server.port, 'GET / HTTP/1.1', 'Host: a');
    assert.equal((await peer.response()).status, 500);
  }
  assert.deepEqual(
    errors.map(({ cause }) => (cause as Error).message),
    ['undefined', 'null', 'Response.error()'].map((got) => `onRequest must answer with a Response, got ${got}`),
  );
});

test('a hook that has failed is printed where nobody is told of refusals', async () => {
  const { error } = console;
  const printed: unknown[][] = [];
  console.error = (...line: unknown[]) => printed.push(line);
  try {
    const cause = new Error('bug');
    const fail = () => Promise.reject(cause);
    await using server = start({ authenticate: fail, onRequest: fail });
    for (const request of [upgradeRequest().trimEnd().split('\r\n'), ['GET / HTTP/1.1', 'Host: a']]) {
      await using peer = await ask(server.port, ...request);
      assert.equal((await peer.response()).status, 500);
    }
    assert.deepEqual(printed, Array(2).fill(['a hook of the server has failed:', cause]));
  } finally {
    console.error = error;
  }
});
