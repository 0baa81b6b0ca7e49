import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { certificate } from '@ws/runtimes/certificate';
import { type RawFrame, rawFrame } from '@ws/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { createWebSocketStream } from '../src/stream.ts';
import type { WebSocket } from '../src/websocket.ts';
import { close, text, upgradeRequest } from './raw-client.suite.ts';
import { deferred, ended, listen, reset, type ServeOptions, serveOne, shut } from './serve.suite.ts';

/** More messages than a queue takes, since each counts as 384 bytes more; and yet one read. */
const TEXTS = Array.from({ length: 500 }, (_, i) => String(i));

/** A client that has sent them, and what is to come behind, of which some was read, and then the rest is held. */
async function held(options: ServeOptions = {}, listen: (socket: WebSocket) => void = () => {}, ...behind: RawFrame[]) {
  const read = deferred();
  const { server, client, socket } = await serveOne(options, (socket, { socket: tcp }) => {
    tcp.prependListener('pause', read.resolve);
    listen(socket);
  });
  client.send(...TEXTS.map(text), ...behind);
  await read.promise;
  return { server, client, socket };
}

/** What a loop gets of a connection that has ended, until it throws the cause. */
async function kept(socket: WebSocket): Promise<unknown[]> {
  const got: unknown[] = [];
  await expect(async () => {
    for await (const { data } of socket) got.push(data);
  }).rejects.toBe(socket.cause);
  return got;
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

test('a client resets: what is over its rate is dropped, and its Close behind that is none', async () => {
  const got: string[] = [];
  const listen = (socket: WebSocket) => socket.on('message', (data) => got.push(String(data)));
  const { server, client, socket } = await held({ rateLimit: { messages: 100 } }, listen, close(1000));
  const end = ended(socket);
  await reset(client, socket);
  expect(await end).toMatchObject({ code: 1006, cause: { syscall: expect.any(String) } });
  expect(got.length).toBeGreaterThan(99);
  expect(got.length).toBeLessThan(TEXTS.length);
  expect(got).toEqual(TEXTS.slice(0, got.length));
  expect(server.clients.size).toBe(0);
});

test('a client resets: a loop that takes one after the other gets all, however long that takes', async () => {
  const [gone, over] = [deferred(), deferred<unknown>()];
  const got: unknown[] = [];
  const { client, socket } = await held({ closeReplyTimeout: 200 }, async (socket) => {
    try {
      for await (const { data } of socket) {
        got.push(data);
        await gone.promise;
        // Half a queue of them takes longer than the time limit, and all of them much longer.
        const until = performance.now() + 3;
        while (performance.now() < until);
        await new Promise(setImmediate);
      }
    } catch (error) {
      over.resolve(error);
    }
  });
  await reset(client, socket);
  gone.resolve();
  expect(await over.promise).toBe(socket.cause);
  expect(got).toEqual(TEXTS);
});

test("a client resets: with a hook and a pause, 'close' comes behind all that resume() lets through", async () => {
  const got: string[] = [];
  const hook = deferred<boolean>();
  const { client, socket } = await held(
    { messageHook: ({ data }) => (data === '0' ? hook.promise : true) },
    (socket) => {
      socket.on('message', (data) => got.push(String(data)));
      socket.on('close', (code) => got.push(String(code)));
    },
  );
  socket.pause();
  await reset(client, socket);
  hook.resolve(true);
  await new Promise(setImmediate);
  socket.resume();
  await ended(socket);
  expect(got).toEqual([...TEXTS, '1006']);
});

test.each<[string, (socket: WebSocket) => unknown]>([
  ['close()', (socket) => socket.close()],
  ['the end of an `await using`', (socket) => socket[Symbol.asyncDispose]()],
])(
  'a client resets: with %s, nobody is waited for who does not listen, and nothing is missing in the middle',
  async (_, act) => {
    const { server, client, socket } = await held();
    const end = ended(socket);
    await reset(client, socket);
    void act(socket);
    expect((await end).code).toBe(1006);
    expect(server.clients.size).toBe(0);
    expect(await kept(socket)).toEqual([]);
  },
);

test('a client resets: the Close that a pause has held back is how it has ended', async () => {
  const { client, socket } = await serveOne({}, (socket) => socket.once('message', () => socket.pause()));
  const [paused, end] = [once(socket, 'message'), ended(socket)];
  client.send(text('a'), close(4000, 'bye'));
  await paused;
  await reset(client, socket);
  socket.resume();
  expect(await end).toEqual({ code: 4000, reason: 'bye', cause: undefined });
});

test.each<[string, (socket: WebSocket) => unknown]>([
  ['nobody listens', () => {}],
  [
    'a loop is left',
    async (socket) => {
      for await (const _ of socket) break;
    },
  ],
])(
  'a client resets: %s: the end is told after closeReplyTimeout, nobody is counted, and what had room is there',
  async (_, listen) => {
    const { server, client, socket } = await held({ closeReplyTimeout: 1 }, listen);
    const end = ended(socket);
    await reset(client, socket);
    expect((await end).code).toBe(1006);
    expect(server.clients.size).toBe(0);
    const got = await kept(socket);
    expect(got.length).toBeGreaterThan(100);
    expect(TEXTS.join()).toContain(got.join());
  },
);

test.each<[string, ServeOptions, (socket: WebSocket, server: { close(how: object): unknown }) => unknown]>([
  ['terminate()', {}, (socket) => socket.terminate()],
  ['server.close() and its timeout', {}, (_, server) => server.close({ timeout: 0 })],
  ['closeReplyTimeout', { closeReplyTimeout: 1 }, () => {}],
  ['closeReplyTimeout after close()', { closeReplyTimeout: 1 }, (socket) => socket.close()],
  ['closeReplyTimeout in `await using`', { closeReplyTimeout: 1 }, (socket) => socket[Symbol.asyncDispose]()],
])('a client resets: %s drops what a pause holds', async (_, options, act) => {
  let count = 0;
  const { server, client, socket } = await held(options, (socket) =>
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

test('a client resets, over TLS: what Node has decrypted for a socket that is paused comes with resume()', async () => {
  const { cert, key } = certificate();
  const http = createServer({ cert, key });
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  const { port } = await listen(http);
  const tls = connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' });
  tls.on('error', () => {});
  const connected = once(server, 'connection') as Promise<[WebSocket, { socket: Socket }]>;
  // Records of 16 KiB each, of which one read decrypts several.
  const texts = TEXTS.map((text) => text.padEnd(100));
  tls.write(upgradeRequest());
  const [socket, { socket: carrier }] = await connected;
  const got: string[] = [];
  socket.on('message', (data) => {
    got.push(String(data));
    if (got.length === 1) socket.pause();
  });
  let seen = 0;
  carrier.on('data', (chunk) => (seen += chunk.length));
  socket.pause();
  const bytes = Buffer.concat(texts.map((each) => rawFrame({ ...text(each), maskingKey: 1 })));
  await new Promise((resolve) => tls.write(bytes, resolve));
  socket.resume();
  while (got.length === 0) await new Promise(setImmediate);
  const decrypted = seen + carrier.readableLength;
  expect(decrypted).toBeGreaterThan(16_384);
  const end = ended(socket);
  carrier.destroy(new Error('reset'));
  while (socket.readyState === socket.OPEN) await new Promise(setImmediate);
  socket.resume();
  expect(await end).toMatchObject({ code: 1006, cause: { message: 'reset' } });
  // Each is a frame of 106 bytes.
  expect(got.length).toBe(Math.floor(decrypted / 106));
  expect(got).toEqual(texts.slice(0, got.length));
});
