import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rawProxyHeader } from '../src/proxy/proxy-header.suite.ts';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { close, open, RawClient, text, textLine, upgradeRequest } from './raw-client.suite.ts';
import { ended, listen, type ServeOptions, serve, serveOne, shut } from './serve.suite.ts';

/** Any time limit that is over when the event loop goes on after {@link block}. */
const LIMIT = 1;

/** Blocks the event loop in its check phase: from there it comes to the timers first, and then to the sockets. */
function block(): void {
  const until = performance.now() + 5 * LIMIT;
  while (performance.now() < until);
}

/** What a hook waits for: an answer that comes by the event loop, while that is blocked. */
function answer(): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  setImmediate(() => {
    port1.postMessage(true);
    block();
  });
  return new Promise((resolve) => {
    port2.once('message', (decision) => {
      port2.close();
      resolve(decision);
    });
  });
}

describe('what a client has sent in time is delivered, to its Close, before it is cut off by', () => {
  test.each<[string, ServeOptions, (socket: WebSocket, server: WebSocketServer) => void]>([
    ['closeReplyTimeout', { closeReplyTimeout: LIMIT }, (socket) => socket.close(1001)],
    ['the timeout of close', {}, (_, server) => void server.close({ timeout: LIMIT })],
  ])('%s', async (_, options, takeLeave) => {
    const { client, server, socket } = await serveOne(options);
    const received: string[] = [];
    socket.on('message', (data) => received.push(String(data)));
    const end = ended(socket);
    await new Promise(setImmediate);
    takeLeave(socket, server);
    client.send(text('one'), text('two'), close(1001));
    block();
    expect(await end).toMatchObject({ code: 1001, cause: undefined });
    expect(received).toEqual(['one', 'two']);
  });
});

test('a message hook that has its answer is not too late', async () => {
  const { client, socket } = await serveOne({ messageHook: answer, messageHookTimeout: LIMIT });
  socket.on('message', (data) => socket.send(String(data)));
  expect(await client.send(text('asked')).received(1)).toEqual([textLine('asked')]);
});

test('nor is verifyClient', async () => {
  const { port } = await serve({ verifyClient: answer, handshakeTimeout: LIMIT });
  await open(port);
});

test('nor is a PROXY header', async () => {
  const { server: http } = await listen();
  const server = new WebSocketServer({ server: http, proxyProtocol: true, trustProxy: 1, handshakeTimeout: LIMIT });
  onTestFinished(() => shut(server));
  // By itself Node would accept the connection after the check phase.
  const accepting = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void accepting.close());
  await once(accepting, 'listening');
  const accepted = once(accepting, 'connection');
  const client = new RawClient((accepting.address() as AddressInfo).port);
  const [connection] = await accepted;
  if (client.socket.connecting) await once(client.socket, 'connect');
  await new Promise(setImmediate);
  http.emit('connection', connection);
  client.write(rawProxyHeader({ source: '192.0.2.7' })).write(upgradeRequest());
  block();
  expect((await client.response()).status).toBe(101);
});
