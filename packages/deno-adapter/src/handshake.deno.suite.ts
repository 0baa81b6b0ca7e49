import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers';
import { rawFrame } from '@ws/testkit';
import { clock } from './clock.ts';
import { AcceptPolicy, accept, type HandshakeError, type Verdict } from './index.ts';
import { close, Peer, start, text, textLine, upgradeRequest } from './peer.suite.ts';

const { test } = Deno;

test('a legal request gets a 101, and what is sent in the same packet is read', async () => {
  await using server = start();
  await using peer = await Peer.request(server.port);
  const { status, fields } = await peer.response();
  assert.deepEqual([status, fields.get('sec-websocket-accept')], [101, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  assert.equal(fields.has('sec-websocket-extensions'), false);
  await using other = await Peer.connect(server.port);
  const hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
  await other.write(Uint8Array.from([...new TextEncoder().encode(upgradeRequest()), ...hello]));
  assert.deepEqual(await other.received(1), [textLine('Hello')]);
});

test('a request may come byte by byte, as long as it comes in time', async () => {
  await using server = start();
  await using peer = await Peer.connect(server.port);
  for (const char of upgradeRequest()) await peer.write(char);
  assert.equal((await peer.response()).status, 101);
});

const REFUSED: [name: string, status: number, fields: Record<string, string | string[] | undefined>, line?: string][] =
  [
    ['POST', 405, {}, 'POST / HTTP/1.1'],
    ['a method that is none', 405, {}, 'BREW / HTTP/1.1'],
    ['HTTP/1.0', 505, {}, 'GET / HTTP/1.0'],
    ['a key that is too short', 400, { 'Sec-WebSocket-Key': 'AAAA' }],
    ['a key of anything', 400, { 'Sec-WebSocket-Key': 'any key whatsoever' }],
    ['no key', 400, { 'Sec-WebSocket-Key': undefined }],
    ['two keys', 400, { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }],
    ['version 12', 426, { 'Sec-WebSocket-Version': '12' }],
    ['version 0x0d', 426, { 'Sec-WebSocket-Version': '0x0d' }],
    ['no Upgrade', 426, { Upgrade: undefined }],
    ['Upgrade: h2c', 426, { Upgrade: 'h2c' }],
    ['no Connection: Upgrade', 426, { Connection: 'keep-alive' }],
    ['no Host', 400, { Host: undefined }],
    ['a Host that is none', 400, { Host: 'a b' }],
    ['a body', 400, { 'Content-Length': '3' }],
    ['another path', 404, {}, 'GET /other HTTP/1.1'],
    ['another origin', 403, { Origin: 'https://evil.example' }],
    ['a folded field', 400, { Folded: 'a\r\n b' }],
    ['a subprotocol that is no token', 400, { 'Sec-WebSocket-Protocol': 'a b' }],
  ];

for (const [name, status, fields, line = 'GET /chat?x=1 HTTP/1.1'] of REFUSED) {
  test(`refused with ${status} and the connection ended: ${name}`, async () => {
    const errors: HandshakeError[] = [];
    await using server = start({
      path: line.includes('/chat') || line.includes('/other') ? '/chat' : undefined,
      allowedOrigins: ['https://ours.example'],
      onRefused: (error) => void errors.push(error),
    });
    await using peer = await Peer.request(server.port, fields, line);
    const response = await peer.response();
    const body = await peer.body();
    assert.equal(response.status, status);
    assert.equal(Number(response.fields.get('content-length')), body.length);
    assert.match(response.fields.get('connection')!, /\bclose$/);
    assert.equal(errors.length, 1);
    if ([404, 405, 426].includes(status) && !fields['Sec-WebSocket-Version'] && !fields['Connection']) {
      assert.match(body, /^This port speaks WebSocket \(RFC 6455\)/);
    }
  });
}

const HOSTS: [host: string | string[] | undefined, target: string, url: string | undefined][] = [
  ['a', '/chat', 'http://a/chat'],
  ['a:8080', '/chat?x=1', 'http://a:8080/chat?x=1'],
  ['[::1]:8080', '/chat', 'http://[::1]:8080/chat'],
  ['[fe80::1%eth0]:80', '/chat', 'http://[fe80::1]/chat'],
  ['[FE80::1%25eth0]', '/%5D?x=%]', 'http://[fe80::1]/%5D?x=%]'],
  ['a', 'ws://[fe80::1%eth0]:81/chat', 'http://[fe80::1]:81/chat'],
  ['a_b.example:', '/chat', 'http://a_b.example/chat'],
  ['a$&b', '/chat', 'http://a$&b/chat'],
  ['a', '//b/chat', 'http://a//b/chat'],
  ['a', 'http://b:1/chat?x=1', 'http://b:1/chat?x=1'],
  ['a', 'WSS://b', 'https://b/'],
  ['a', 'ws://b?x=1', 'http://b/?x=1'],
  ['a/admin?', '/chat', undefined],
  ['a/x', '/chat', undefined],
  ['a?', '/chat', undefined],
  ['a#', '/chat', undefined],
  ['a\\admin?', '/chat', undefined],
  ['u:p@a', '/chat', undefined],
  ['a@b', '/chat', undefined],
  ['a:b', '/chat', undefined],
  ['a:65536', '/chat', undefined],
  ['%2f', '/chat', undefined],
  ['[a', '/chat', undefined],
  ['[::1::%eth0]', '/chat', undefined],
  ['a, b', '/chat', undefined],
  ['a/x', 'http://b/chat', undefined],
  ['', '/chat', undefined],
  [undefined, '/chat', undefined],
  [['a', 'a'], '/chat', undefined],
  ['a', 'http://u:p@b/chat', undefined],
  ['a', 'http://b\\x/chat', undefined],
  ['a', 'http:///chat', undefined],
  ['a', 'http:b/chat', undefined],
  ['a', 'http://b/chat#x', undefined],
  ['a', '/chat#x', undefined],
  ['a', '?x', undefined],
  ['a', 'b/chat', undefined],
  ['a', '@b/chat', undefined],
];

for (const [host, target, url] of HOSTS) {
  test(`the URL of Host ${JSON.stringify(host)} and ${target}: ${url ?? 'a 400'}`, async () => {
    const errors: HandshakeError[] = [];
    await using server = start(
      { onRequest: (request) => new Response(request.url), onRefused: (error) => void errors.push(error) },
      async (socket) => void (await socket.send(socket.request.url)),
    );
    await using peer = await Peer.request(server.port, { Host: host }, `GET ${target} HTTP/1.1`);
    const { status } = await peer.response();
    await using plain = await Peer.request(server.port, { Host: host, Upgrade: undefined }, `GET ${target} HTTP/1.1`);
    if (url === undefined) {
      assert.deepEqual([status, (await plain.response()).status], [400, 400]);
      const reason = target === '/chat' || String(host).includes('/') ? 'host-malformed' : 'target-malformed';
      assert.deepEqual(new Set(errors.map((error) => error.reason)), new Set([reason]));
    } else {
      assert.deepEqual(await peer.received(1), [textLine(url)]);
      assert.equal(await plain.body(), url);
    }
  });
}

test('a target that is a whole URL is compared with `path` by its path', async () => {
  await using server = start({ path: '/chat' });
  for (const [target, status] of [
    ['http://b/chat?x=1', 101],
    ['WS://b/chat', 101],
    ['http://b/', 404],
    ['http://b/chat/', 404],
    ['http://b?/chat', 404],
  ] as const) {
    await using peer = await Peer.request(server.port, {}, `GET ${target} HTTP/1.1`);
    assert.equal((await peer.response()).status, status);
  }
});

test('limits of the head: 431', async () => {
  await using server = start({ headLimits: { maxHeadBytes: 300, maxHeaderFields: 6 } });
  for (const fields of [{ Long: 'x'.repeat(300) }, { A: '1', B: '2' }]) {
    await using peer = await Peer.request(server.port, fields);
    assert.equal((await peer.response()).status, 431);
    await peer.end();
  }
});

test('a client that sends its request slowly is cut off with a 408 when the time is up', async () => {
  await using server = start({ handshakeTimeout: 50, closeTimeout: 50 });
  await using peer = await Peer.connect(server.port);
  // As fast as the other end may read, never whole: the header goes on and on.
  await peer.write('GET / HTTP/1.1\r\nX: ');
  const writing = (async () => {
    try {
      for (;;) {
        await peer.write('x');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } catch {
      // Cut off.
    }
  })();
  assert.equal((await peer.response()).status, 408);
  await writing;
});

test('a client that sends nothing is cut off as well; one that is gone harms nobody', async () => {
  await using server = start({ handshakeTimeout: 30, closeTimeout: 30 });
  await using silent = await Peer.connect(server.port);
  (await Peer.connect(server.port)).conn.close();
  assert.equal((await silent.response()).status, 408);
  await silent.end();
});

test('subprotocols: the first of ours that was offered', async () => {
  await using server = start({ subprotocols: ['b', 'a'] }, async (socket) => {
    await socket.send(socket.protocol);
  });
  await using peer = await Peer.open(server.port, { 'Sec-WebSocket-Protocol': 'c, a, b' });
  assert.equal((await peer.response()).fields.get('sec-websocket-protocol'), 'b');
  assert.deepEqual(await peer.received(1), [textLine('b')]);
  await using other = await Peer.open(server.port, { 'Sec-WebSocket-Protocol': 'c' });
  assert.equal((await other.response()).fields.has('sec-websocket-protocol'), false);
});

interface User {
  readonly name: string;
}

function authenticated() {
  return start<User>(
    {
      authenticate: async ({ request, signal }): Promise<Verdict<User>> => {
        signal.throwIfAborted();
        const token = request.headers.get('authorization');
        if (token === 'Bearer ada')
          return { ok: true, context: { name: 'Ada' }, headers: { 'Set-Cookie': ['a=1', 'b=2'] } };
        return token === null ? false : { ok: false, status: 403, body: 'no', headers: { X: 'y' } };
      },
    },
    async (socket) => void (await socket.send(`${socket.context.name} ${new URL(socket.request.url).pathname}`)),
  );
}

test('authenticate: a context and headers, 401 or what the verdict says', async () => {
  await using server = authenticated();
  await using peer = await Peer.open(server.port, { Authorization: 'Bearer ada' }, 'GET /path HTTP/1.1');
  assert.match((await peer.response()).head, /Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
  assert.deepEqual(await peer.received(1), [textLine('Ada /path')]);
  await using nobody = await Peer.request(server.port);
  const { status, fields } = await nobody.response();
  assert.deepEqual([status, fields.get('www-authenticate')], [401, 'Bearer']);
  await using wrong = await Peer.request(server.port, { Authorization: 'Bearer x' });
  assert.deepEqual([(await wrong.response()).status, await wrong.body()], [403, 'no']);
  assert.equal((await wrong.response()).fields.get('x'), 'y');
});

test('onRefused is told of a verdict, as of any other refusal', async () => {
  const statuses: number[] = [];
  const onRefused = ({ status }: HandshakeError) => void statuses.push(status);
  await using server = start({ authenticate: async () => ({ ok: false, status: 403 }), onRefused });
  await using peer = await Peer.request(server.port);
  assert.equal((await peer.response()).status, 403);
  assert.deepEqual(statuses, [403]);
});

test('authenticate: one that throws, rejects or says neither yes nor no is a 500', async () => {
  const errors: HandshakeError[] = [];
  const hooks = [
    () => {
      throw new Error('one');
    },
    () => Promise.reject(new Error('two')),
    () => undefined as never,
    async () => undefined as never,
    () => ({ ok: true, headers: { 'a b': 'c' } }) as const,
    () => ({ ok: false, status: 200 }) as const,
  ];
  for (const authenticate of hooks) {
    await using server = start({ authenticate, onRefused: (error) => void errors.push(error) });
    await using peer = await Peer.request(server.port);
    assert.equal((await peer.response()).status, 500);
    assert.doesNotMatch(await peer.body(), /one|two/);
  }
  assert.equal(errors.length, hooks.length);
  assert.equal((errors[0]!.cause as Error).message, 'one');
});

test('authenticate: too slow is a 503, as is a server that closes; the signal is aborted', async () => {
  for (const [options, status] of [
    [{ handshakeTimeout: 30 }, 503],
    [{}, 503],
  ] as const) {
    const asked = Promise.withResolvers<AbortSignal>();
    const server = start({
      ...options,
      authenticate: ({ signal }) => {
        asked.resolve(signal);
        return new Promise<never>(() => {});
      },
    });
    await using peer = await Peer.request(server.port);
    const signal = await asked.promise;
    const closed = status === 503 ? server.shutdown() : undefined;
    assert.equal((await peer.response()).status, status);
    assert.equal(signal.aborted, true);
    await peer.end();
    await closed;
    await server.close();
  }
});

test('authenticate: a client that goes away while it decides aborts the signal, whatever it has sent before', async () => {
  for (const frames of [[], [text('early')], [text('early'), text('x'.repeat(3000)), close(1000)]]) {
    const aborted = Promise.withResolvers<unknown>();
    const asked = Promise.withResolvers<void>();
    await using server = start({
      authenticate: ({ signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        asked.resolve();
        return new Promise<never>(() => {});
      },
    });
    const peer = await Peer.request(server.port);
    await asked.promise;
    for (const frame of frames) await peer.send(frame);
    peer.conn.close();
    assert.match(String(await aborted.promise), /the client has gone/);
  }
});

test('authenticate: what can be awaited like a promise is one', async () => {
  const later: PromiseLike<Verdict> = {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
    then: (resolve) => Promise.resolve({ ok: false, status: 403 } as const).then(resolve),
  };
  await using server = start({ authenticate: () => later });
  await using peer = await Peer.request(server.port);
  assert.equal((await peer.response()).status, 403);
});

test('authenticate: what the client sends meanwhile is delivered afterwards', async () => {
  const asked = Promise.withResolvers<(verdict: boolean) => void>();
  await using server = start({ authenticate: () => new Promise((resolve) => asked.resolve(resolve)) });
  await using peer = await Peer.request(server.port);
  const decide = await asked.promise;
  await peer.send(text('early'));
  decide(true);
  assert.deepEqual(await peer.received(1), [textLine('early')]);
});

test('authenticate: 4 KiB behind the request are read meanwhile, and all of it is delivered afterwards, in order', async () => {
  const payloads = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(100, 'x'));
  const frames = payloads.map((payload) => rawFrame({ ...text(payload), maskingKey: 0x37fa213d }));
  const request = upgradeRequest();
  const sent = new Uint8Array(await new Blob([request, ...frames]).arrayBuffer());
  for (const piece of [1, 1000, 4096, sent.length]) {
    let at = 0;
    const conn = {
      remoteAddr: undefined,
      async read(into: Uint8Array) {
        // The request comes alone, but for a little; then what is there, in pieces.
        const end = at === 0 ? request.length + 300 : Math.min(at + piece, sent.length);
        const chunk = sent.subarray(at, Math.min(end, at + into.length));
        into.set(chunk);
        at += chunk.length;
        return chunk.length === 0 ? null : chunk.length;
      },
      async write(bytes: Uint8Array) {
        return bytes.length;
      },
      async closeWrite() {},
      close() {},
    };
    const asked = Promise.withResolvers<(verdict: boolean) => void>();
    const authenticate = () => new Promise<boolean>((resolve) => asked.resolve(resolve));
    const accepting = accept(conn, new AcceptPolicy({ authenticate, perMessageDeflate: false }));
    const decide = await asked.promise;
    // All that is read by promises has been.
    await new Promise<void>((resolve) => setImmediate(resolve));
    assert.equal(at, request.length + 4096);
    decide(true);
    const socket = (await accepting)!;
    const got: unknown[] = [];
    try {
      for await (const { data } of socket) got.push(data);
    } catch {
      // The stream has ended without a Close.
    }
    assert.deepEqual(got, payloads);
  }
});

test('refused with 405, as on Node, and without content: a HEAD that asks for a WebSocket', async () => {
  await using server = start();
  await using peer = await Peer.request(server.port, {}, 'HEAD / HTTP/1.1');
  assert.equal((await peer.response()).status, 405);
  assert.equal(await peer.body(), '');
});

test('a HEAD whose onRequest throws gets a 500 without content (RFC 9110 section 9.3.2)', async () => {
  await using server = start({ onRequest: () => Promise.reject(new Error('no page today')) });
  await using peer = await Peer.request(server.port, { Upgrade: undefined }, 'HEAD / HTTP/1.1');
  assert.equal((await peer.response()).status, 500);
  assert.equal(await peer.body(), '');
});

test('plain requests: 426 on any path, 404 on another, and 405 for other methods', async () => {
  await using server = start({ path: '/chat' });
  for (const [line, status] of [
    ['GET /chat HTTP/1.1', 426],
    ['HEAD /chat HTTP/1.1', 426],
    ['GET / HTTP/1.1', 404],
    ['POST /chat HTTP/1.1', 405],
    ['DELETE /chat HTTP/1.1', 405],
  ] as const) {
    await using peer = await Peer.connect(server.port);
    await peer.write(`${line}\r\nHost: a\r\n\r\n`);
    assert.equal((await peer.response()).status, status);
    const body = await peer.body();
    if (line.startsWith('HEAD')) assert.equal(body, '');
    else assert.match(body, /^This port speaks WebSocket \(RFC 6455\), version 13.*\n$/);
  }
});

test('onRequest answers GET and HEAD without a body, and every answer ends the connection', async () => {
  await using server = start({
    path: '/chat',
    onRequest: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === '/throws') throw new Error('secret');
      if (pathname === '/empty') return new Response(null, { status: 204 });
      if (pathname === '/known') return new Response(null, { status: 304, headers: { ETag: '"x"' } });
      return new Response(`${request.method} ${pathname}`, {
        headers: { Connection: 'keep-alive', 'Content-Type': 'text/x', Own: request.headers.get('own') ?? '' },
      });
    },
  });
  const get = async (line: string, more = '') => {
    await using peer = await Peer.connect(server.port);
    await peer.write(`${line} HTTP/1.1\r\nHost: a\r\nOwn: 1\r\n${more}\r\n`);
    const { status, fields } = await peer.response();
    return [status, fields.get('connection'), fields.get('content-length'), fields.get('own'), await peer.body()];
  };
  assert.deepEqual(await get('GET /health'), [200, 'close', '11', '1', 'GET /health']);
  assert.deepEqual(await get('HEAD /health'), [200, 'close', '12', '1', '']);
  assert.deepEqual(await get('GET /empty'), [204, 'close', undefined, undefined, '']);
  assert.deepEqual(await get('GET /known'), [304, 'close', undefined, undefined, '']);
  const [status, , , , body] = await get('GET /throws');
  assert.equal(status, 500);
  assert.doesNotMatch(String(body), /secret/);
  assert.equal((await get('POST /health'))[0], 404);
  // Which asks for something else, and not in a wrong way for a WebSocket.
  assert.equal((await get('GET /health', 'Upgrade: websocket/13\r\n'))[0], 200);
  assert.equal((await get('GET /chat', 'Content-Length: 3\r\n'))[0], 426);
  await using peer = await Peer.open(server.port, {}, 'GET /chat HTTP/1.1');
  await peer.send(text('a'));
  assert.deepEqual(await peer.received(1), [textLine('a')]);
});

/** A body without an end, the pieces of which are all there at once, or come one in a turn. */
function endless(cancelled: (reason: unknown) => void, turn: boolean): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(new Uint8Array(1));
      if (turn) await new Promise((resolve) => setTimeout(resolve));
    },
    cancel: cancelled,
  });
}

for (const turn of [true, false]) {
  test(`onRequest: a body without an end is a 503, and cancelled: ${turn ? 'a piece' : 'any number'} a turn`, async () => {
    const cancelled = Promise.withResolvers<unknown>();
    await using server = start({
      handshakeTimeout: 30,
      onRequest: () => new Response(endless(cancelled.resolve, turn)),
    });
    await using peer = await Peer.request(server.port, { Upgrade: undefined });
    assert.equal((await peer.response()).status, 503);
    assert.match(String(await cancelled.promise), /not ended within 30 ms/);
    await peer.end();
  });
}

test('onRequest: a response that comes when nobody waits for it any more is cancelled', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  const server = start({
    onRequest: () => {
      asked.resolve();
      return answered.promise;
    },
  });
  await using peer = await Peer.request(server.port, { Upgrade: undefined });
  await asked.promise;
  const finished = server.shutdown();
  assert.equal((await peer.response()).status, 503);
  answered.resolve(new Response(endless(cancelled.resolve, true)));
  assert.match(String(await cancelled.promise), /the server is closing/);
  await peer.end();
  await finished;
});

test('a server that closes by itself answers a 503 to what is shaking hands, also before its request is whole', async () => {
  const server = start();
  await using peer = await Peer.connect(server.port);
  await peer.write('GET ');
  await using open = await Peer.open(server.port);
  const shut = server.shutdown();
  assert.equal((await peer.response()).status, 503);
  await peer.end();
  await open.send(text('still open'));
  assert.deepEqual(await open.received(1), [textLine('still open')]);
  await open.send(close(1000));
  await open.end();
  await shut;
});

test('accept: for whoever owns the connection', async () => {
  const policy = new AcceptPolicy({ path: '/own', perMessageDeflate: false });
  using listener = Deno.listen({ port: 0, hostname: '127.0.0.1' });
  const { port } = listener.addr as Deno.NetAddr;
  const serving = (async () => {
    const socket = await accept(await listener.accept(), policy);
    assert(socket !== undefined);
    for await (const { data } of socket) assert.equal(data, 'mine');
    return [await socket.closed, await accept(await listener.accept(), policy)];
  })();
  await using peer = await Peer.open(port, {}, 'GET /own HTTP/1.1');
  await peer.send(text('mine'), close(3000));
  await peer.end();
  await using refused = await Peer.request(port);
  assert.equal((await refused.response()).status, 404);
  await refused.end();
  assert.deepEqual(await serving, [{ code: 3000, reason: '', cause: undefined }, undefined]);
});

for (const [status, fields, line] of [
  [404, {}, 'GET /other HTTP/1.1'],
  [426, { 'Sec-WebSocket-Version': '8' }, 'GET /chat HTTP/1.1'],
] as const) {
  test(`refused with ${status}: a client that goes on to send 20 MB, and reads only then, gets the whole answer`, async () => {
    await using server = start({ path: '/chat', closeTimeout: 60_000 });
    await using peer = await Peer.request(server.port, fields, line);
    const megabyte = new Uint8Array(1_000_000);
    // Were the connection closed meanwhile, a reset would answer one of them, and the next one would fail.
    for (let i = 0; i < 20; i++) await peer.write(megabyte);
    const response = await peer.response();
    assert.equal(response.status, status);
    assert.equal((await peer.body()).length, Number(response.fields.get('content-length')));
  });
}

test('accept: given up while the compression is loaded that a client offers: a 503, and no 101', async () => {
  const giveUp = new AbortController();
  const policy = new AcceptPolicy({
    perMessageDeflate: true,
    authenticate: () => {
      // Runs while zlib is loaded: nothing else is waited for in between.
      queueMicrotask(() => giveUp.abort());
      return true;
    },
  });
  using listener = Deno.listen({ port: 0, hostname: '127.0.0.1' });
  const { port } = listener.addr as Deno.NetAddr;
  const accepting = listener.accept().then((conn) => accept(conn, policy, giveUp));
  await using peer = await Peer.request(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  assert.equal((await peer.response()).status, 503);
  await peer.end();
  assert.equal(await accepting, undefined);
});

test('the clock: what has come while the event loop was blocked is read before a timer acts, which can be stopped until then', async () => {
  using listener = Deno.listen({ port: 0, hostname: '127.0.0.1' });
  const { port } = listener.addr as Deno.NetAddr;
  using client = await Deno.connect({ port, hostname: '127.0.0.1' });
  using conn = await listener.accept();
  const ran: string[] = [];
  const read = conn.read(new Uint8Array(1)).then(() => ran.push('read'));
  const acted = new Promise<void>((resolve) => clock.after(1, () => resolve(void ran.push('timer'))));
  const stop = clock.after(1, () => ran.push('stopped'));
  // Runs right behind the others.
  setTimeout(stop, 1);
  const written = client.write(new Uint8Array(1));
  const until = performance.now() + 5;
  while (performance.now() < until);
  await Promise.all([acted, written, read]);
  assert.deepEqual(ran, ['read', 'timer']);
});
