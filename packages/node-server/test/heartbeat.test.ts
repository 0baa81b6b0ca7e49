import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { readOptions } from '../src/options.ts';
import { WebSocketServer } from '../src/server.ts';
import { unwrittenBytes } from '../src/transport/write-progress.ts';
import { LISTEN, run } from './child.suite.ts';
import { close, open, text } from './raw-client.suite.ts';
import { ended, nextConnection, serve, serveOne } from './serve.suite.ts';

const PING = `ping 9:${Buffer.from('heartbeat').toString('hex')}`;
const PONG = { opcode: 10, payload: Buffer.from('heartbeat') };

test('H13: a client that is gone without a word is pinged, and ended with a cause that says so', async () => {
  const { server, port } = await serve({ heartbeat: { interval: 40, timeout: 40 } });
  const connected = nextConnection(server);
  const client = await open(port);
  const { code, cause } = await ended(await connected);
  expect([code, cause?.message]).toEqual([1006, 'the peer has sent nothing, and has not answered a ping for 40 ms']);
  await client.end();
  expect(client.transcript()).toEqual([PING]);
});

test('H13: a client that answers stays; its pongs are no events, those to our own pings are', async () => {
  const { client, socket } = await serveOne({ heartbeat: { interval: 40, timeout: 10_000 } });
  const pongs: string[] = [];
  socket.on('pong', (data) => pongs.push(String(data)));
  for (let pings = 1; pings <= 3; pings++) {
    await client.received(pings);
    client.send(PONG);
  }
  client.send({ opcode: 10, payload: Buffer.from('own') }, close(1000));
  await client.end();
  expect(pongs).toEqual(['own']);
});

test('H13: with the client of ws, and with heartbeat: false, no ping', async () => {
  const { server, port } = await serve({ heartbeat: { interval: 40, timeout: 10_000 } });
  const connected = nextConnection(server);
  const client = new WsClient(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  await connected;
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => {
      client.once('ping', (data) => {
        expect(String(data)).toBe('heartbeat');
        resolve();
      });
    });
  }
  expect(readOptions({ noServer: true, heartbeat: false }).connection.heartbeat).toBeUndefined();
});

test('H13: an event loop that is blocked for longer than both times, turn after turn, ends no connection', async () => {
  const child = run(`${LISTEN}
    import { WebSocketServer } from '@ws/node-server';
    const server = new WebSocketServer({ port: 0, heartbeat: { interval: 5, timeout: 5 } });
    const sleep = new Int32Array(new SharedArrayBuffer(4));
    server.on('connection', (socket) => {
      const timer = setInterval(() => Atomics.wait(sleep, 0, 0, 15), 1);
      socket.on('close', (code) => {
        clearInterval(timer);
        console.log('closed', code);
      });
    });
  `);
  const client = await open(Number(await child.line()));
  for (let pings = 1; pings <= 3; pings++) {
    await client.received(pings);
    client.send(PONG);
  }
  client.send(close(1000));
  expect(await child.line()).toBe('closed 1000');
});

test('H13: while the application has paused, silence is not judged: what the client sends meanwhile is not read', async () => {
  const { client, socket } = await serveOne({ heartbeat: { interval: 40, timeout: 40 } });
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  socket.pause();
  client.send(text('waits'));
  await client.received(6);
  expect(client.transcript()).toEqual(Array.from({ length: 6 }, () => PING));
  expect(socket.readyState).toBe(socket.OPEN);
  socket.resume();
  client.send(PONG, close(1000));
  await client.end();
  expect(messages).toEqual(['waits']);
});

test('what is not written: to the byte where Node tells, else by whole writes', async () => {
  const stream = new Duplex({ read() {}, write() {} });
  stream.write(Buffer.alloc(100));
  expect(unwrittenBytes(stream)).toBe(100);
  const { server, port } = await serve();
  const connected = new Promise<[Duplex]>((resolve) => {
    server.once('connection', (_socket, request) => resolve([request.socket]));
  });
  const client = await open(port);
  client.socket.pause();
  const [socket] = await connected;
  socket.write(Buffer.alloc(32 * 1024 * 1024));
  const left = unwrittenBytes(socket);
  expect(left).toBeGreaterThan(0);
  // The system has taken some of this one write.
  expect(left).toBeLessThan(32 * 1024 * 1024);
  socket.destroy();
  // Its handle is gone.
  expect(unwrittenBytes(socket)).toBe(socket.writableLength);
});

test('idleTimeout: a connection without messages closes with 1001, though the client answers pings', async () => {
  const { server, port } = await serve({ idleTimeout: 100, heartbeat: { interval: 20, timeout: 10_000 } });
  const connected = nextConnection(server);
  const client = new WsClient(`ws://127.0.0.1:${port}`);
  const end = ended(await connected);
  const closed = new Promise<[number, string]>((resolve) => {
    client.on('close', (code, reason) => resolve([code, String(reason)]));
  });
  expect(await closed).toEqual([1001, 'no message for 100 ms']);
  expect((await end).code).toBe(1001);
});

test('M8: heartbeat and idleTimeout: options of the wrong kind are said by their name', () => {
  const make = (options: object) => () => new WebSocketServer({ server: createServer(), ...options });
  for (const heartbeat of [null, 30_000, 'yes', { interval: '30s' }, { timeout: null }]) {
    expect(make({ heartbeat })).toThrow(TypeError);
  }
  for (const heartbeat of [{ interval: 0 }, { timeout: -1 }, { interval: Number.NaN }, { timeout: 2 ** 31 }]) {
    expect(make({ heartbeat })).toThrow(/heartbeat\.\w+ must be/);
  }
  for (const heartbeat of [true, false, {}, { interval: 1, timeout: 1 }, undefined]) make({ heartbeat })();
  expect(make({ idleTimeout: 0 })).toThrow(
    'idleTimeout must be an integer from 1 to 2147483647 milliseconds, got 0; leave it out to have none',
  );
  expect(make({ idleTimeout: '1' })).toThrow(TypeError);
  for (const idleTimeout of [1, 2 ** 31 - 1, false, undefined]) make({ idleTimeout, heartbeat: false })();
});
