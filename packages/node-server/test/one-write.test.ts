import { Duplex } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { leaveSoon } from '../src/transport/response-batch.ts';
import type { WebSocket } from '../src/websocket.ts';
import { request } from './raw-client.suite.ts';
import { deferred, listen, shut } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

/** As long as nothing takes any time. */
const now = vi.spyOn(performance, 'now').mockReturnValue(1000);

/** Connects through a socket that writes down what is given to it together. */
async function connect(use: (webSocket: WebSocket, socket: Duplex) => void): Promise<Uint8Array[][]> {
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  const { server: http, port } = await listen();
  const writes: Uint8Array[][] = [];
  http.on('upgrade', (upgrade, tcp, head) => {
    onTestFinished(() => void tcp.destroy());
    const socket = new Duplex({
      read() {},
      write(chunk, _encoding, done) {
        writes.push([chunk]);
        done();
      },
      writev(chunks, done) {
        writes.push(chunks.map(({ chunk }) => chunk));
        done();
      },
    });
    server.handleUpgrade(upgrade, socket, head, (webSocket) => use(webSocket, socket));
  });
  request(port);
  return writes;
}

function lengths(writes: Uint8Array[][]): number[][] {
  return writes.map((chunks) => chunks.map(({ length }) => length));
}

const RESPONSE_HEAD =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const HEAD = RESPONSE_HEAD.length;

test('a large payload leaves with the response and its header in one write, and is not copied for it', async () => {
  const written = deferred();
  const payload = Buffer.alloc(5000, 1);
  const writes = await connect((webSocket) => webSocket.send(payload, () => written.resolve()));
  await written.promise;
  expect(lengths(writes)).toEqual([[HEAD, 4, 5000]]);
  expect(writes[0]![2]!.buffer).toBe(payload.buffer);
});

test('so does what a listener sends before it awaits something, and what comes later is a write of its own', async () => {
  const written = deferred();
  const writes = await connect(async (webSocket) => {
    await new Promise<void>((resolve) => webSocket.send('1', () => resolve()));
    webSocket.send('23', () => written.resolve());
  });
  await written.promise;
  expect(lengths(writes)).toEqual([[HEAD, 3], [4]]);
});

test('the response waits for the end of the turn, and for nothing else', async () => {
  const turn = deferred();
  const writes = await connect(() => {
    expect(writes).toEqual([]);
    // Behind that of the server.
    process.nextTick(() => setImmediate(turn.resolve));
  });
  await turn.promise;
  expect(writes.map((chunks) => Buffer.concat(chunks).toString('latin1'))).toEqual([RESPONSE_HEAD]);
});

test('the response stands before what is so much that it leaves at once', async () => {
  const written = deferred();
  const writes = await connect((webSocket) => {
    webSocket.send(Buffer.alloc(70_000), () => written.resolve());
    expect(lengths(writes)).toEqual([[HEAD, 10, 70_000]]);
  });
  await written.promise;
  expect(lengths(writes)).toEqual([[HEAD, 10, 70_000]]);
});

test('a connection that is terminated at once was accepted nevertheless', async () => {
  const closed = deferred();
  const writes = await connect((webSocket, socket) => {
    socket.once('close', closed.resolve);
    webSocket.terminate();
  });
  await closed.promise;
  expect(lengths(writes)).toEqual([[HEAD]]);
});

test('a socket that a listener ends takes the response along', async () => {
  const closed = deferred();
  let cause: Error | undefined;
  const writes = await connect((webSocket, socket) => {
    webSocket.on('close', () => {
      cause = webSocket.cause;
      closed.resolve();
    });
    socket.on('finish', () => setImmediate(() => socket.destroy())).end();
  });
  await closed.promise;
  expect(lengths(writes)).toEqual([[HEAD]]);
  expect(cause?.message).toBe('the connection ended without a Close frame of the peer');
});

test('what a listener writes to the socket itself stands behind the response', async () => {
  const turn = deferred();
  const writes = await connect((_, socket) => {
    socket.write(Buffer.alloc(3));
    process.nextTick(() => setImmediate(turn.resolve));
  });
  await turn.promise;
  expect(lengths(writes)).toEqual([[HEAD, 3]]);
});

test('where a listener takes long, the response does not wait for those of others', async () => {
  const done = deferred();
  const writes = await connect(() => {
    now.mockReturnValue(1001.1);
    // In a tick of its own, before the end of the turn.
    process.nextTick(done.resolve);
  });
  await done.promise;
  expect(lengths(writes)).toEqual([[HEAD]]);
});

test('where a stream throws when it is written to, the responses of others leave', async () => {
  const error = new Error('a stream of somebody');
  const { errors } = uncaught();
  const turn = deferred();
  const left: string[] = [];
  const response = (name: string) => ({
    uncork() {
      left.push(name);
      if (name === 'throws') throw error;
    },
  });
  for (const name of ['first', 'throws', 'last']) leaveSoon(response(name));
  setImmediate(turn.resolve);
  await turn.promise;
  expect(left).toEqual(['first', 'throws', 'last']);
  expect(errors).toEqual([error]);
});
