import { decodeNaively, rawFrame } from '@ws/testkit';
import { openFaultPipe } from '@ws/testkit/fault-pipe';
import { expect, onTestFinished, test } from 'vitest';
import { close, open, text, textLine } from './raw-client.suite.ts';
import { deferred, ended, nextConnection, serve, serveOne } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

test('the peer closes: its code is echoed without the reason, and the application has both', async () => {
  const { server, port } = await serve();
  for (const [code, told] of [
    [1000, 1000],
    [4999, 4999],
    [undefined, 1005],
  ] as const) {
    const connected = nextConnection(server);
    const client = await open(port);
    const end = ended(await connected);
    const reason = code === undefined ? '' : 'grüße';
    client.send(close(code, reason));
    expect(await client.received(1)).toEqual([`close ${code ?? 'without code'} ""`]);
    await client.end();
    expect(await end).toEqual({ code: told, reason, cause: undefined });
    expect(client.closed).toBe('orderly');
  }
});

test('we close: messages that are on their way are delivered, pings answered, and the peer’s code is told', async () => {
  const messages: string[] = [];
  const { server, port } = await serve({}, (socket) => {
    socket.on('message', (data) => messages.push(data.toString()));
    socket.close(4000, 'grüße');
    socket.send('too late');
    socket.close(4001);
  });
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  const end = ended(socket);
  expect(await client.received(1)).toEqual(['close 4000 "grüße"']);
  expect(socket.readyState).toBe(2);
  client.send(text('a'), { opcode: 9 }, text('b'));
  await client.until(() => messages.length === 2);
  client.send(close(4000));
  await client.end();
  expect(await end).toEqual({ code: 4000, reason: '', cause: undefined });
  expect(messages).toEqual(['a', 'b']);
  // The naive codec stops at our Close: the pong stands behind it.
  expect(client.bytes.subarray(-2)).toEqual(Buffer.from(rawFrame({ opcode: 10 })));
});

test('both close at once: neither answers the other, and both are content', async () => {
  const { client, socket } = await serveOne();
  const end = ended(socket);
  socket.close(4001);
  client.send(close(4002));
  await client.end();
  expect((await end).code).toBe(4002);
  expect(client.transcript()).toEqual(['close 4001 ""']);
});

test('H11: a peer that keeps TCP half open after both Closes is cut off after closeTimeout; the close is clean', async () => {
  const { server, port } = await serve({ closeTimeout: 30 });
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send(close(1000));
  // The server has ended its half; ours stays open.
  await client.until(() => client.ended);
  expect(await end).toEqual({ code: 1000, reason: '', cause: undefined });
  expect(server.clients.size).toBe(0);
});

test('H11: a proxy that keeps the way to the server open: as well', async () => {
  const { server, port } = await serve({ closeTimeout: 30 });
  const pipe = await openFaultPipe({ targetPort: port });
  onTestFinished(() => pipe.close());
  const connected = nextConnection(server);
  const client = await open(pipe.port);
  const end = ended(await connected);
  client.send(close(1001));
  await client.until(() => client.ended);
  expect((await end).code).toBe(1001);
});

test('H11: a peer that never answers our Close is cut off after closeReplyTimeout: 1006', async () => {
  const { client, socket } = await serveOne({ closeReplyTimeout: 30 });
  const end = ended(socket);
  socket.close(1000);
  expect(await client.received(1)).toEqual(['close 1000 ""']);
  const { code, cause } = await end;
  expect([code, cause?.message]).toEqual([1006, 'the peer has not answered our Close for 30 ms']);
});

test('H11: a peer that violates and reads nothing is cut off after closeReplyTimeout', async () => {
  const { server, port } = await serve({ closeReplyTimeout: 30, closeTimeout: 30 });
  const pipe = await openFaultPipe({ targetPort: port });
  onTestFinished(() => pipe.close());
  const connected = nextConnection(server);
  const client = await open(pipe.port);
  const socket = await connected;
  const end = ended(socket);
  (await pipe.next()).toClient.stall();
  socket.send(Buffer.alloc(16 * 1024 * 1024));
  client.send({ opcode: 3 });
  const { code, cause } = await end;
  expect([code, cause]).toEqual([1006, expect.objectContaining({ violation: 'reserved-opcode' })]);
});

test('a violation’s Close reaches a client that is still sending, 50 times of 50', async () => {
  const { port } = await serve();
  for (let i = 0; i < 50; i++) {
    const client = await open(port);
    client.send({ opcode: 2, maskingKey: undefined, payload: Buffer.alloc(1_000_000) });
    await client.end();
    expect(client.transcript()).toEqual(['close 1002 ""']);
    expect(client.closed).toBe('orderly');
  }
});

test('F3: an unmasked frame: 1002', async () => {
  const { server, port } = await serve();
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send({ ...text('x'), maskingKey: undefined });
  expect(await client.received(1)).toEqual(['close 1002 ""']);
  await client.end();
  expect((await end).cause).toMatchObject({ violation: 'mask-missing', offset: 1 });
});

test('F10: 1005 on the wire: the peer gets 1002; the application 1006, and cause names it', async () => {
  const { server, port } = await serve();
  for (const illegal of [1005, 1006, 1015, 1004, 0, 999, 5000]) {
    const connected = nextConnection(server);
    const client = await open(port);
    const end = ended(await connected);
    client.send(close(illegal, 'x'));
    expect(await client.received(1)).toEqual(['close 1002 ""']);
    await client.end();
    expect(await end).toMatchObject({ code: 1006, reason: '', cause: { violation: 'close-code-illegal' } });
  }
});

test('F15: frames after a Close, legal or not, are discarded in silence', async () => {
  const { server, port } = await serve({}, (socket) => {
    for (const event of ['message', 'ping', 'pong', 'error'] as const)
      socket.on(event, () => expect.unreachable(event));
  });
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send(close(1000), text('late'), { opcode: 9 }, { opcode: 3 });
  await client.received(1);
  client.send(text('later'), { opcode: 11, rsv1: true });
  await client.end();
  expect(client.transcript()).toEqual(['close 1000 ""']);
  expect(await end).toEqual({ code: 1000, reason: '', cause: undefined });
});

test('messages before a violation in the same segment are delivered first', async () => {
  const seen: string[] = [];
  const { server, port } = await serve({}, (socket) => socket.on('message', (data) => seen.push(data.toString())));
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send(text('a'), text('b'), { opcode: 0 }, text('c'));
  await client.end();
  expect(seen).toEqual(['a', 'b']);
  expect((await end).cause).toMatchObject({ violation: 'orphan-continuation' });
});

test('the stream ends without a Close: 1006; inside a message, cause names where', async () => {
  const { server, port } = await serve();
  const cases = [
    [[], 'the connection ended without a Close frame of the peer'],
    [[{ ...text('a'), fin: false }], 'end-inside-message'],
    [[{ ...text('a'), declaredLength: 2 }], 'end-inside-frame'],
  ] as const;
  for (const [frames, why] of cases) {
    const connected = nextConnection(server);
    const client = await open(port);
    const end = ended(await connected);
    client.send(...frames).socket.end();
    const { code, cause } = await end;
    expect(code).toBe(1006);
    expect([cause?.message, (cause as { violation?: string }).violation]).toContain(why);
    expect(client.transcript()).toEqual([]);
  }
});

test("a reset: 1006, and cause is the error of the system; no 'error', since clients come and go, as in ws", async () => {
  const { client, socket } = await serveOne();
  const errors: Error[] = [];
  socket.on('error', (error) => errors.push(error));
  const end = ended(socket);
  client.socket.resetAndDestroy();
  const { code, cause } = await end;
  expect([code, (cause as NodeJS.ErrnoException).code]).toEqual([1006, 'ECONNRESET']);
  expect(errors).toEqual([]);
});

test('H14: a number, or anything else that is no data, is a TypeError, and nothing is sent', async () => {
  const { client, socket } = await serveOne();
  const calls = [
    () => socket.ping(100 as never),
    () => socket.pong(100 as never),
    () => socket.send(100 as never),
    () => socket.send(null as never),
    () => socket.send([1] as never),
    () => socket.close(1000, new Uint16Array(8) as never),
    () => socket.close(1000, new Uint8Array(8) as never),
    () => socket.close(1000, 8 as never),
    () => socket.close('1000' as never),
  ];
  for (const call of calls) expect(call).toThrow(TypeError);
  for (const code of [1005, 1006, 999, 1015, 5000, 1000.5]) expect(() => socket.close(code)).toThrow(RangeError);
  expect(() => socket.close(1000, 'x'.repeat(124))).toThrow(RangeError);
  expect(() => socket.ping('x'.repeat(126))).toThrow(RangeError);
  expect(socket.readyState).toBe(1);
  socket.send('only this');
  expect(await client.received(1)).toEqual([textLine('only this')]);
});

test('a server that is closing keeps what it has promised: what was sent before terminate may be lost, before close never', async () => {
  const payload = Buffer.alloc(3_000_000, 7);
  const { port } = await serve({}, (socket) => {
    socket.send(payload);
    socket.close(1000, 'all of it');
  });
  const client = await open(port);
  const closeFrame = rawFrame({ opcode: 8, payload: Buffer.concat([Buffer.from([3, 232]), Buffer.from('all of it')]) });
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + 10 + payload.length + closeFrame.length);
  expect(client.bytes.subarray(-closeFrame.length)).toEqual(Buffer.from(closeFrame));
  client.send(close(1000));
  await client.end();
  expect(decodeNaively(client.bytes.subarray(-closeFrame.length), { role: 'client' }).events).toHaveLength(1);
});

test('await using a socket: it is closed with 1000 at the end of its block, and waited for', async () => {
  const { server, port } = await serve();
  const told: unknown[] = [];
  const left = deferred();
  server.on('connection', async (socket) => {
    socket.on('close', (code) => told.push(code));
    try {
      // As a compiler writes `await using`, which not all Nodes know.
      for await (const { data } of socket) if (data === 'enough') break;
    } finally {
      await socket[Symbol.asyncDispose]();
    }
    told.push('left');
    // Of one that has ended.
    await socket[Symbol.asyncDispose]();
    left.resolve();
  });
  const client = await open(port);
  expect(await client.send(text('more'), text('enough')).received(1)).toEqual(['close 1000 ""']);
  client.send(text('behind'), close(4000));
  await client.end();
  await left.promise;
  expect(told).toEqual([4000, 'left']);
});

test('await using a socket: the wait ends also where its listeners are removed, or throw', async () => {
  const { server, port, client, socket } = await serveOne();
  const { errors } = uncaught();
  socket.on('close', () => {
    throw new Error('not the last listener');
  });
  const disposed = Promise.all([socket[Symbol.asyncDispose](), socket[Symbol.asyncDispose]()]);
  client.send(close(1000));
  await client.end();
  await disposed;
  expect(errors).toMatchObject([{ message: 'not the last listener' }]);

  const next = nextConnection(server);
  const other = await open(port);
  const removed = (await next)[Symbol.asyncDispose]();
  (await next).removeAllListeners();
  other.send(close(1000));
  await other.end();
  await removed;
});

test('close and terminate in one turn: the client gets what was sent, and the Close', async () => {
  const cause = deferred<Error | undefined>();
  const { port } = await serve({}, (socket) => {
    socket.on('close', () => cause.resolve(socket.cause));
    socket.send('last words');
    socket.close(4000, 'and out');
    socket.terminate();
  });
  const client = await open(port);
  expect(await client.received(2)).toEqual([textLine('last words'), 'close 4000 "and out"']);
  expect((await cause.promise)?.message).toBe('the connection was terminated by this end');
});

test('M3: a client that has closed and reads late gets what waits, and the answer to its Close: closeTimeout begins behind that', async () => {
  const { client, socket } = await serveOne({ closeTimeout: 1 });
  const end = ended(socket);
  client.socket.pause();
  let sent = 0;
  // More than any system takes for who does not read.
  for (; socket.bufferedAmount < 4 * 1024 * 1024; sent++) socket.send(Buffer.alloc(100_000));
  client.send(close(4000));
  while (socket.readyState === socket.OPEN) await new Promise(setImmediate);
  // Timers run in the order of their times: one of closeTimeout that had begun would have run before this one.
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(socket.bufferedAmount).toBeGreaterThan(0);
  client.socket.resume();
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + sent * (10 + 100_000) + 4);
  expect((await end).code).toBe(4000);
});
