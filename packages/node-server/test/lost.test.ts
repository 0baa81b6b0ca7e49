import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createWebSocketStream } from '../src/stream.ts';
import type { WebSocket } from '../src/websocket.ts';
import { close, text } from './raw-client.suite.ts';
import { deferred, ended, reset, type ServeOptions, serveOne } from './serve.suite.ts';

/** More messages than a queue takes, since each counts as 384 bytes more; and yet one read. */
const TEXTS = Array.from({ length: 500 }, (_, i) => String(i));

/** A client that has sent them, of which some were read, and then the rest is held. */
async function held(options: ServeOptions = {}, listen: (socket: WebSocket) => void = () => {}) {
  const read = deferred();
  const { server, client, socket } = await serveOne(options, (socket, { socket: tcp }) => {
    tcp.prependListener('pause', read.resolve);
    listen(socket);
  });
  client.send(...TEXTS.map(text));
  await read.promise;
  return { server, client, socket };
}

test('a client resets: what a loop has not come to yet is delivered all the same, then the cause is thrown', async () => {
  const [gone, over] = [deferred(), deferred<unknown>()];
  const got: unknown[] = [];
  const { server, client, socket } = await held({}, async (socket) => {
    try {
      for await (const { data } of socket) {
        got.push(data);
        await gone.promise;
      }
    } catch (error) {
      over.resolve(error);
    }
  });
  await reset(client, socket);
  let code = 0;
  socket.on('close', (how) => {
    code = how;
  });
  expect([got, server.clients.size, code]).toEqual([['0'], 1, 0]);
  const refused = new Promise<Error | undefined>((resolve) => expect(socket.send('x', resolve)).toBe(false));
  expect(await refused).toMatchObject({ code: 'not-open' });
  gone.resolve();
  expect(await over.promise).toBe(socket.cause);
  expect([got, server.clients.size, code]).toEqual([TEXTS, 0, 1006]);
});

test('a client resets: what a pause holds comes with resume(), and a pause in one of them holds the rest', async () => {
  const got: string[] = [];
  const { client, socket } = await held({}, (socket) =>
    socket.on('message', (data) => {
      got.push(String(data));
      socket.pause();
    }),
  );
  const end = ended(socket);
  await reset(client, socket);
  while (got.length < TEXTS.length) {
    expect(socket.isPaused).toBe(true);
    const next = once(socket, 'message');
    socket.resume();
    await next;
  }
  expect(await end).toMatchObject({ code: 1006, cause: { syscall: expect.any(String) } });
  expect(got).toEqual(TEXTS);
});

test('a client resets: what its rate holds comes in time', async () => {
  const got: string[] = [];
  const rateLimit = { messages: TEXTS.length - 50 };
  const { client, socket } = await held({ rateLimit }, (socket) => socket.on('message', (data) => got.push(`${data}`)));
  const end = ended(socket);
  await reset(client, socket);
  await end;
  expect(got).toEqual(TEXTS);
});

test('a client resets: the Close that a pause has held back is how it has ended', async () => {
  const { client, socket } = await serveOne({}, (socket) => socket.once('message', () => socket.pause()));
  const [paused, end] = [once(socket, 'message'), ended(socket)];
  client.send(text('a'), close(4000, 'bye'));
  await paused;
  await reset(client, socket);
  socket.resume();
  expect(await end).toEqual({ code: 4000, reason: 'bye', cause: undefined });
});

test('a client resets: nobody listens: the end is told, nobody is counted, and who listens then gets all', async () => {
  const { server, client, socket } = await held();
  const end = ended(socket);
  await reset(client, socket);
  await end;
  expect(server.clients.size).toBe(0);
  const got: unknown[] = [];
  await expect(async () => {
    for await (const { data } of socket) got.push(data);
  }).rejects.toBe(socket.cause);
  expect(got).toEqual(TEXTS);
});

test('a client resets: a loop that is left then keeps nobody from the end', async () => {
  const gone = deferred();
  const { client, socket } = await held({}, async (socket) => {
    for await (const _ of socket) {
      await gone.promise;
      break;
    }
  });
  const end = ended(socket);
  await reset(client, socket);
  gone.resolve();
  expect((await end).code).toBe(1006);
});

test("a client resets: a loop that waits for 'drain' goes on", async () => {
  let count = 0;
  const [behind, over] = [deferred(), deferred<unknown>()];
  const { client, socket } = await held({}, async (socket) => {
    // Nothing drains behind the end.
    const end = new AbortController();
    socket.on('close', () => end.abort());
    try {
      for await (const _ of socket) {
        count++;
        if (socket.send(Buffer.alloc(16 * 1024 * 1024))) continue;
        behind.resolve();
        await once(socket, 'drain', { signal: end.signal }).catch(() => {});
      }
    } catch (error) {
      over.resolve(error);
    }
  });
  client.socket.pause();
  await behind.promise;
  await reset(client, socket);
  expect(await over.promise).toBe(socket.cause);
  expect(count).toBe(TEXTS.length);
});

test.each<[string, (socket: WebSocket, server: { close(how: object): unknown }) => unknown]>([
  ['terminate()', (socket) => socket.terminate()],
  ['server.close() and its timeout', (_, server) => server.close({ timeout: 0 })],
  ['the time of close()', (socket) => socket.close()],
  ['the end of an `await using`', (socket) => socket[Symbol.asyncDispose]()],
])('a client resets: %s drops what a pause holds', async (_, act) => {
  let count = 0;
  const { server, client, socket } = await held({ closeReplyTimeout: 1 }, (socket) =>
    socket.on('message', () => {
      count++;
      socket.pause();
    }),
  );
  const end = ended(socket);
  await reset(client, socket);
  void act(socket, server);
  expect((await end).code).toBe(1006);
  expect([count, server.clients.size]).toEqual([1, 0]);
});

test('a client resets: a stream that is made of it then has what was held, and its end', async () => {
  const { client, socket } = await held({}, (socket) => socket.once('message', () => socket.pause()));
  await reset(client, socket);
  expect(String(await buffer(createWebSocketStream(socket)))).toBe(TEXTS.slice(1).join(''));
});
