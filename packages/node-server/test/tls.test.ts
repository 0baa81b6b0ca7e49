import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { certificate } from '@ws/runtimes/certificate';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import type { ServerOptions } from '../src/options.ts';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { upgradeRequest } from './raw-client.suite.ts';
import { deferred, ended, listen, nextConnection, shut } from './serve.suite.ts';

async function serveTls() {
  const pem = certificate();
  const http = createServer({ cert: pem.cert, key: pem.key });
  const secure: boolean[] = [];
  const server = new WebSocketServer({
    server: http,
    verifyClient: async (info) => {
      secure.push(info.secure);
      return true;
    },
  });
  onTestFinished(() => shut(server));
  const { port } = await listen(http);
  const connected = nextConnection(server);
  let tls!: Socket;
  server.on('connection', (_, request) => {
    tls = request.socket;
  });
  const client = new WsClient(`wss://localhost:${port}`, { ca: pem.cert });
  const opened = once(client, 'open');
  const socket = await connected;
  await opened;
  return { client, socket, secure, tls: () => tls };
}

test('wss: messages of every size go both ways over TLS; verifyClient is told that it is secure', async () => {
  const { client, socket, secure } = await serveTls();
  expect(secure).toEqual([true]);
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 5_000_000]) {
    const payload = Buffer.alloc(size, size & 255);
    client.send(payload);
    const [data] = await once(client, 'message');
    expect(payload.equals(data)).toBe(true);
  }
});

test('wss: the close of both ends is clean', async () => {
  const { client, socket } = await serveTls();
  const [end, closed] = [ended(socket), once(client, 'close')];
  socket.close(4000, 'bye');
  expect((await closed).map(String)).toEqual(['4000', 'bye']);
  expect(await end).toMatchObject({ code: 4000, cause: undefined });
});

test("wss: backpressure: send returns false, 'drain' follows, and every callback is called", async () => {
  const { client, socket } = await serveTls();
  let called = 0;
  const chunk = Buffer.alloc(1_000_000);
  let ok = true;
  for (let i = 0; i < 16; i++) ok = socket.send(chunk, () => called++);
  expect(ok).toBe(false);
  let received = 0;
  const all = new Promise<void>((resolve) => client.on('message', () => ++received === 16 && resolve()));
  await once(socket, 'drain');
  expect([called, socket.bufferedAmount]).toEqual([16, 0]);
  await all;
});

test('M6: wss: a message is a view of the record that it came in, where that pins no more than itself or 8 KiB', async () => {
  const { client, socket } = await serveTls();
  const kept: Buffer[] = [];
  const all = deferred();
  socket.on('message', (data) => kept.push(data) === 101 && all.resolve());
  const first = once(socket, 'message');
  client.send(Buffer.alloc(1000, 1));
  await first;
  // One record of 16 KiB for many of them.
  const tcp = (client as unknown as { _socket: Socket })._socket;
  tcp.cork();
  for (let i = 0; i < 100; i++) client.send(Buffer.alloc(100, i));
  tcp.uncork();
  await all.promise;
  expect(kept.map((data) => data.toString('latin1'))).toEqual([
    Buffer.alloc(1000, 1).toString('latin1'),
    ...Array.from({ length: 100 }, (_, i) => Buffer.alloc(100, i).toString('latin1')),
  ]);
  // Header, masking key, payload; from Node 26 on, records of less than 8 KiB share a buffer of that.
  expect([4 + 4 + 1000, 8192]).toContain(kept[0]!.buffer.byteLength);
  for (const data of kept) expect(data.buffer.byteLength).toBeLessThanOrEqual(8192);
});

test('wss: who watches the bytes of the socket gets them as they came', async () => {
  const { client, socket, tls } = await serveTls();
  const watched: Buffer[] = [];
  tls().on('data', (chunk: Buffer) => watched.push(chunk));
  const messages: Buffer[] = [];
  const all = deferred();
  socket.on('message', (data) => messages.push(data) === 2 && all.resolve());
  client.send(Buffer.alloc(1000, 'x'));
  client.send(Buffer.alloc(1000, 'y'));
  await all.promise;
  for (const message of messages) message.fill('z');
  const bytes = Buffer.concat(watched);
  const payload = (at: number): string => {
    const key = bytes.subarray(at + 4, at + 8);
    return Buffer.from(bytes.subarray(at + 8, at + 1008).map((byte, i) => byte ^ key[i & 3]!)).toString();
  };
  expect([payload(0), payload(1008)]).toEqual(['x'.repeat(1000), 'y'.repeat(1000)]);
});

test('an http2 server that takes HTTP/1.1 as well: a client connects, has its echo, and is closed with the server', async () => {
  const { cert, key } = certificate();
  const http = createSecureServer({ cert, key, allowHTTP1: true }).listen(0, '127.0.0.1');
  onTestFinished(() => void http.close());
  await once(http, 'listening');
  const server = new WebSocketServer({ server: http });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
  onTestFinished(() => shut(server));
  const { port } = http.address() as AddressInfo;
  const client = new WsClient(`wss://localhost:${port}`, { ca: cert });
  await once(client, 'open');
  client.send('hello');
  expect(String((await once(client, 'message'))[0])).toBe('hello');
  const closed = once(client, 'close');
  await server.close({});
  expect((await closed)[0]).toBe(1001);
  expect([http.listenerCount('upgrade'), http.listening]).toEqual([0, true]);
});

describe('what is no TLS ends a connection over TLS at once', () => {
  const GARBAGE = 'GET / HTTP/1.1\r\n\r\n';

  async function garbled(options: ServerOptions) {
    const { cert, key } = certificate();
    const http = createServer({ cert, key });
    const server = new WebSocketServer({ ...options, server: http });
    onTestFinished(() => shut(server));
    const tcp = connect((await listen(http)).port, '127.0.0.1');
    onTestFinished(() => void tcp.destroy());
    tcp.on('error', () => {});
    const client = connectTls({ socket: tcp, ca: cert, servername: 'localhost' }).on('error', () => {});
    client.on('secureConnect', () => client.write(upgradeRequest()));
    return { server, garble: () => tcp.write(GARBAGE) };
  }

  test('with the error as its cause', async () => {
    const { server, garble } = await garbled({ heartbeat: false });
    const end = ended(await nextConnection(server));
    garble();
    expect(await end).toMatchObject({ code: 1006, cause: { code: expect.stringMatching(/^ERR_SSL_/) } });
  });

  test('while a hook decides, which hears of it', async () => {
    const asked = deferred<AbortSignal>();
    const never = new Promise<boolean>(() => {});
    const { garble } = await garbled({
      handshakeTimeout: 2 ** 31 - 1,
      verifyClient: ({ signal }) => {
        asked.resolve(signal);
        return never;
      },
    });
    const signal = await asked.promise;
    garble();
    await once(signal, 'abort');
  });
});

describe.each([
  ['TLSv1.2', 1000],
  ['TLSv1.3', 1000],
  ['TLSv1.3', 1006],
] as const)(
  '%s: what a client has sent before its end is delivered, to the last, also without a Close: %i',
  (version, code) => {
    const COUNT = 48;
    /** Fulfilled when Node has told of the end of the client's stream, and has done what it does then. */
    let over = deferred();
    const turns = async () => {
      for (let count = 0; count < 10; count++) await new Promise(setImmediate);
    };

    test.each<[string, Omit<ServerOptions, 'server'>, length: number, listener?: (socket: WebSocket) => void]>([
      [
        'a listener that pauses',
        {},
        4,
        (socket) => {
          socket.once('message', () => {
            socket.pause();
            void over.promise.then(() => socket.resume());
          });
        },
      ],
      ['a hook that takes its time', { messageHook: () => over.promise.then(turns).then(() => true) }, 4],
      ['a rate', { rateLimit: { messages: COUNT - 8 } }, 4],
      ['messages that are decompressed in the thread pool', {}, 100_000],
    ])('%s', async (_, options, length, listener) => {
      over = deferred();
      const { cert, key } = certificate();
      const http = createServer({ cert, key, minVersion: version, maxVersion: version });
      const server = new WebSocketServer({ ...options, server: http });
      onTestFinished(() => shut(server));
      const received: string[] = [];
      const end = deferred<number>();
      server.on('connection', (socket, { socket: tls }) => {
        tls.on('end', async () => {
          await turns();
          over.resolve();
        });
        socket.on('message', (data) => received.push(data.toString().slice(0, 4)));
        listener?.(socket);
        socket.on('close', (code) => end.resolve(code));
      });
      const { port } = await listen(http);
      const client = new WsClient(`wss://localhost:${port}`, { ca: cert, perMessageDeflate: length > 4 });
      await once(client, 'open');
      const texts = Array.from({ length: COUNT }, (_, i) =>
        String(i)
          .padStart(4, '0')
          .repeat(length / 4),
      );
      const { _socket: tls } = client as unknown as { _socket: Socket };
      if (length > 4) await Promise.all(texts.map((text) => new Promise((resolve) => client.send(text, resolve))));
      else {
        tls.cork();
        for (const text of texts) client.send(text);
      }
      if (code === 1000) client.close(code);
      // Its stream ends, whether the server has answered or not.
      tls.end();
      expect(await end.promise).toBe(code);
      expect(received).toEqual(texts.map((text) => text.slice(0, 4)));
    });
  },
);
