import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { WebSocket } from '../src/websocket.ts';
import { close, open, text, textLine } from './raw-client.suite.ts';
import { deferred, ended, nextConnection, serve, serveOne } from './serve.suite.ts';

/** The socket of a client that has sent these frames, the last of them a Close, and has gone; nobody has listened. */
async function gone(...frames: Parameters<Awaited<ReturnType<typeof open>>['send']>): Promise<WebSocket> {
  const { server, client, socket } = await serveOne();
  client.send(...frames);
  await client.end();
  await server.close();
  return socket;
}

test('H18: messages that arrive while the connection handler awaits are delivered in order, none lost', async () => {
  const login = deferred();
  const { port } = await serve({}, async (socket) => {
    await login.promise;
    socket.on('message', (data: Buffer) => socket.send(data.toString()));
  });
  const client = await open(port);
  // The answer to the ping says that what came before it was read.
  await client.send(text('1'), text('2'), { opcode: 9 }).received(1);
  login.resolve();
  client.send(text('3'), text('4'));
  expect((await client.received(5)).slice(1)).toEqual(['1', '2', '3', '4'].map(textLine));
});

test('H18: the client’s Close is seen while nobody listens; what came before it is still delivered', async () => {
  const { client, socket } = await serveOne();
  const end = ended(socket);
  client.send(text('last words'), close(1000, 'bye'));
  await client.end();
  expect(await end).toMatchObject({ code: 1000, reason: 'bye' });
  const [data] = await once(socket, 'message');
  expect(String(data)).toBe('last words');
});

test('H18: who listens only once the client has gone gets what it said, and then that it has gone', async () => {
  const socket = await gone(text('1'), text('2'), close(1000, 'bye'));
  expect(socket.readyState).toBe(socket.CLOSED);
  const heard: string[] = [];
  const told = deferred();
  socket.on('message', (data: Buffer) => heard.push(String(data)));
  socket.on('close', (code, reason) => {
    heard.push(`${code} ${reason}`);
    told.resolve();
  });
  await told.promise;
  expect(heard).toEqual(['1', '2', '1000 bye']);
  socket.on('message', () => heard.push('another'));
  await new Promise(setImmediate);
  expect(heard).toHaveLength(3);
});

test.each([0, 1])(
  'H18: that the client has gone reaches who listens to that alone, with %i messages held',
  async (count) => {
    const socket = await gone(...['1'].slice(0, count).map(text), close(1000, 'bye'));
    const late = () => expect.unreachable('it was taken back in the turn that it came in');
    socket.on('close', late).off('close', late);
    await new Promise(setImmediate);
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([1000, 'bye']);
    // It is told once, and not to who comes after that.
    socket.on('close', () => expect.unreachable('it was told before'));
    await new Promise(setImmediate);
  },
);

test('H18: who heard that the client has gone is not told again, whoever comes after', async () => {
  const { server, client, socket } = await serveOne({}, (socket) => socket.on('close', () => {}));
  client.send(text('1'), close(1000));
  await client.end();
  await server.close();
  const heard: string[] = [];
  socket.on('close', () => heard.push('close'));
  socket.on('message', (data: Buffer) => heard.push(String(data)));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(heard).toEqual(['1']);
});

test('H18: that the client has gone is told once, also to who looks then for what else there was', async () => {
  const socket = await gone(close(1000));
  let told = 0;
  socket.on('close', async () => {
    told++;
    for await (const _ of socket) expect.unreachable('nothing was sent');
  });
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  expect(told).toBe(1);
});

test('H18: that the client has gone comes behind a loop over what was held, and behind what terminate has dropped', async () => {
  for (const how of ['loop', 'terminate']) {
    const socket = await gone(text('1'), text('2'), close(1000));
    const heard: string[] = [];
    const told = once(socket, 'close').then(() => heard.push('close'));
    if (how === 'loop') {
      for await (const { data } of socket) {
        heard.push(String(data));
        for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
      }
    } else {
      socket.on('message', (data: Buffer) => {
        heard.push(String(data));
        socket.pause();
      });
      for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
      socket.terminate();
    }
    await told;
    expect(heard).toEqual(how === 'loop' ? ['1', '2', 'close'] : ['1', 'close']);
  }
});

test('H18: pause keeps what was held of a client that has gone', async () => {
  const socket = await gone(text('1'), text('2'), close(1000));
  socket.pause();
  expect(socket.isPaused).toBe(true);
  const heard: string[] = [];
  socket.on('message', (data: Buffer) => heard.push(String(data)));
  socket.on('close', (code) => heard.push(String(code)));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(heard).toEqual([]);
  socket.resume();
  await once(socket, 'close');
  expect(heard).toEqual(['1', '2', '1000']);
  socket.pause();
  expect(socket.isPaused).toBe(false);
});

test.each([1, 2])('H18: that the client has gone reaches also who takes one of %i messages', async (count) => {
  const socket = await gone(...['1', '2'].slice(0, count).map(text), close(1000, 'bye'));
  const heard: string[] = [];
  socket.once('message', (data: Buffer) => heard.push(String(data)));
  const [code] = await once(socket, 'close');
  expect([...heard, code]).toEqual(['1', 1000]);
});

test('H18: reading pauses at 64 KiB: the client’s writes stop draining, and all arrive once somebody listens', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  const paused = once(tcp, 'pause');
  const messages = 4096;
  for (let i = 0; i < messages; i++) client.send({ opcode: 2, payload: Buffer.alloc(8192, i) });
  await paused;
  const other = await open(port);
  await other.send({ opcode: 9 }).received(1);
  // 64 KiB, the message that crossed the line, and what Node had read already.
  expect(tcp.bytesRead).toBeLessThanOrEqual(4 * 65_536);
  expect(client.socket.writableLength).toBeGreaterThan(0);
  let next = 0;
  const all = deferred();
  socket.on('message', (data: Buffer) => {
    if (data[0] !== (next & 255) || data.length !== 8192) all.reject(new Error(`message ${next} is out of order`));
    if (++next === messages) all.resolve();
  });
  await all.promise;
  expect(client.socket.writableLength).toBe(0);
});

for (const [name, act] of [
  [
    'pause and resume do not restart it',
    async (socket: WebSocket) => {
      socket.pause();
      socket.resume();
    },
  ],
  [
    'an iterator that takes what waits does not restart what the application has paused',
    async (socket: WebSocket) => {
      socket.pause();
      const messages = socket[Symbol.asyncIterator]();
      // Those that have nothing to take wait, and end with the test's connection.
      for (let i = 0; i < 100; i++) messages.next().catch(() => {});
    },
  ],
] as const) {
  test(`H18: reading has paused at 64 KiB: ${name}`, async () => {
    const { server, port } = await serve();
    const connected = once(server, 'connection');
    const client = await open(port);
    const [socket, { socket: tcp }] = await connected;
    const paused = once(tcp, 'pause');
    for (let i = 0; i < 4096; i++) client.send({ opcode: 2, payload: Buffer.alloc(8192, i) });
    await paused;
    await act(socket);
    const other = await open(port);
    for (let i = 1; i <= 20; i++) await other.send({ opcode: 9 }).received(i);
    expect(tcp.bytesRead).toBeLessThanOrEqual(5 * 65_536);
  });
}

test('H18: empty messages count as well: a flood of them pauses reading', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  const paused = once(tcp, 'pause');
  client.send(...Array.from({ length: 20_000 }, () => text('')));
  await paused;
  let count = 0;
  const all = deferred();
  socket.on('message', () => ++count === 20_000 && all.resolve());
  await all.promise;
});

test('H18: once() after once() gets one message after the other', async () => {
  const { port } = await serve({}, async (socket) => {
    for (let i = 0; i < 3; i++) {
      const [data] = await once(socket, 'message');
      socket.send(`${i}:${data}`);
    }
  });
  const client = await open(port);
  client.send(text('a'), text('b'), text('c'));
  expect(await client.received(3)).toEqual(['0:a', '1:b', '2:c'].map(textLine));
});

/** The application listens for a login alone, and then only sends. */
const once1 = (act?: (socket: WebSocket) => void) => (socket: WebSocket) => {
  socket.once('message', (data) => {
    socket.send(`hello ${data}`);
    act?.(socket);
  });
};

test('H18: once the last listener has gone nobody waits for messages: any number of them, a ping and the Close are read', async () => {
  const { server, port } = await serve({}, once1());
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send(text('ada'), ...Array.from({ length: 100 }, () => ({ opcode: 2, payload: Buffer.alloc(10_000) })));
  client.send({ opcode: 9 }, close(4001));
  expect(await client.received(3)).toEqual([textLine('hello ada'), 'pong 0:', 'close 4001 ""']);
  await client.end();
  expect((await end).code).toBe(4001);
});

test('H18: what comes while nobody listens any more is lost, as in ws, and nothing of it is there for a listener that comes late', async () => {
  const { client, socket } = await serveOne({}, once1());
  await client.send(text('ada'), text('lost'), { opcode: 9 }).received(2);
  // Its end is that of the turn in which it was read.
  await client.send({ opcode: 9 }).received(3);
  const seen: string[] = [];
  socket.on('message', (data) => seen.push(String(data)));
  await client.send(text('heard'), { opcode: 9 }).received(4);
  expect(seen).toEqual(['heard']);
});

test('H18: what comes while the application has paused waits for resume, though nobody listens any more', async () => {
  const { server, port } = await serve(
    {},
    once1((socket) => socket.pause()),
  );
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  await client.send(text('ada'), text('waits')).received(1);
  const other = await open(port);
  for (let i = 1; i <= 5; i++) await other.send({ opcode: 9 }).received(i);
  const heard = once(socket, 'message');
  socket.resume();
  expect(String((await heard)[0])).toBe('waits');
});

test('H18: once(), then a pause as soon as it is told, and a once() after resume: what came meanwhile is heard', async () => {
  const login = deferred();
  const { port } = await serve({}, async (socket) => {
    const [name] = await once(socket, 'message');
    socket.pause();
    await login.promise;
    socket.resume();
    const [data] = await once(socket, 'message');
    socket.send(`${name}: ${data}`);
  });
  const client = await open(port);
  client.send(text('ada'), text('waits'));
  const other = await open(port);
  for (let i = 1; i <= 5; i++) await other.send({ opcode: 9 }).received(i);
  login.resolve();
  expect(await client.received(1)).toEqual([textLine('ada: waits')]);
});

test('H18: close(), and then once() after once(): what is on its way, and comes at a time, is heard', async () => {
  const { client, socket } = await serveOne();
  const seen: string[] = [];
  const all = (async () => {
    for (let i = 0; i < 3; i++) seen.push(String((await once(socket, 'message'))[0]));
  })();
  socket.close(1000);
  await client.received(1);
  client.send(text('1'), text('2'), text('3'), close(1000));
  await Promise.all([client.end(), all]);
  expect(seen).toEqual(['1', '2', '3']);
});

test('H18: once() after once() misses none, however much comes at a time', async () => {
  const seen: number[] = [];
  const { port } = await serve({}, async (socket) => {
    for (;;) {
      const [data] = await once(socket, 'message');
      seen.push(data.readUInt32BE());
      if (data.length === 4) return socket.send('all');
    }
  });
  const client = await open(port);
  const messages = 2000;
  const frames = Array.from({ length: messages }, (_, i) => {
    // Among small ones some that fill what may wait.
    const payload = Buffer.alloc(i === messages - 1 ? 4 : i % 8 === 3 ? 65_200 : 10);
    payload.writeUInt32BE(i);
    return { opcode: 2, payload };
  });
  expect(await client.send(...frames).received(1)).toEqual([textLine('all')]);
  expect(seen).toEqual(Array.from({ length: messages }, (_, i) => i));
});

test.each([0, 3])(
  'H18: what fills the queue while nobody listens is dropped on resume, %i turns after the last listener has gone, so that the Close is seen',
  async (count) => {
    const { server, port } = await serve();
    const connected = once(server, 'connection');
    const client = await open(port);
    const [socket, { socket: tcp }] = await connected;
    const paused = once(tcp, 'pause');
    client.send(...Array.from({ length: 100 }, () => ({ opcode: 2, payload: Buffer.alloc(8192) })));
    await paused;
    socket.pause();
    const listener = () => {};
    socket.on('message', listener);
    socket.off('message', listener);
    for (let turns = 0; turns < count; turns++) await new Promise(setImmediate);
    socket.resume();
    expect(await client.send({ opcode: 9 }, close(4001)).received(2)).toEqual(['pong 0:', 'close 4001 ""']);
  },
);

test('H18: close() and then once() after once(): what came with the one before is heard', async () => {
  const { client, socket } = await serveOne();
  const seen: string[] = [];
  const all = (async () => {
    for (let i = 0; i < 4; i++) {
      seen.push(String((await once(socket, 'message'))[0]));
      if (i === 0) socket.close();
    }
  })();
  client.send(text('1'), text('2'), text('3'), text('4'));
  await all;
  expect(seen).toEqual(['1', '2', '3', '4']);
  client.send(close());
  await client.end();
});

test.each<[string, (socket: WebSocket) => void]>([
  ['close()', (socket) => socket.close()],
  ['resume()', (socket) => socket.resume()],
])('H18: a once(), then %s in the same turn, and a once() after the first: what waited is heard', async (_, act) => {
  const { client, socket } = await serveOne();
  await client.send(text('1'), text('2'), { opcode: 9 }).received(1);
  const first = once(socket, 'message');
  act(socket);
  const seen = [String((await first)[0]), String((await once(socket, 'message'))[0])];
  expect(seen).toEqual(['1', '2']);
});

test('H18: a listener that comes and a close in the same turn: nothing that was sent before our Close came is lost', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  await client.send(text('waiting'), { opcode: 9 }).received(1);
  const seen: string[] = [];
  // The read that brings the next message comes before the turn in which what waited is delivered.
  tcp.prependOnceListener('data', () => {
    socket.on('message', (data: Buffer) => seen.push(data.toString()));
    socket.close(1000);
  });
  client.send(text('on its way'), close(1000));
  await client.end();
  expect(seen).toEqual(['waiting', 'on its way']);
});

test('H18: close() without a listener or an iterator drops what waits, so that the peer’s Close is seen', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  const paused = once(tcp, 'pause');
  for (let i = 0; i < 1000; i++) client.send({ opcode: 2, payload: Buffer.alloc(8192) });
  await paused;
  const end = ended(socket);
  socket.close(1000);
  client.send(close(1000));
  await client.end();
  expect((await end).code).toBe(1000);
});

test('H18: close() without a listener drops what waits also while the application pauses: on resume the peer’s Close is seen', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  const paused = once(tcp, 'pause');
  client.send(...Array.from({ length: 100 }, () => ({ opcode: 2, payload: Buffer.alloc(8192) })));
  await paused;
  const end = ended(socket);
  socket.pause();
  socket.close(1000);
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  socket.resume();
  client.send(close(1000));
  await client.end();
  expect((await end).code).toBe(1000);
});

test('H18: what has waited is not delivered while the application pauses, and is on resume', async () => {
  const { port, client, socket } = await serveOne();
  await client.send(text('waiting'), { opcode: 9 }).received(1);
  const seen: string[] = [];
  socket.pause();
  socket.on('message', (data) => seen.push(data.toString()));
  const other = await open(port);
  for (let i = 1; i <= 5; i++) await other.send({ opcode: 9 }).received(i);
  expect(seen).toEqual([]);
  socket.resume();
  await client.send({ opcode: 9 }).received(2);
  expect(seen).toEqual(['waiting']);
});

test('H18: a terminate in a delivery of what has waited is the end of the deliveries', async () => {
  const { client, socket } = await serveOne();
  await client.send(text('1'), text('2'), text('3'), { opcode: 9 }).received(1);
  const seen: string[] = [];
  const end = ended(socket);
  socket.on('message', (data) => {
    seen.push(String(data));
    socket.terminate();
  });
  await end;
  expect(seen).toEqual(['1']);
});
