import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Verdict } from '@ws/handshake';
import { expect, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { type RawClient, request } from './raw-client.suite.ts';
import { deferred, ended, listen, nextConnection, serve } from './serve.suite.ts';

for (const how of ['reset', 'ended'] as const) {
  const leave = (socket: Socket) => (how === 'reset' ? socket.resetAndDestroy() : socket.end());

  test(`H1: the client has ${how} while the hook decides: the signal is aborted, and a late yes connects nobody`, async () => {
    const asked = deferred<AbortSignal>();
    const decision = deferred<Verdict>();
    const { server, port } = await serve({
      verifyClient: ({ signal }) => {
        asked.resolve(signal);
        return decision.promise;
      },
    });
    server.on('connection', () => expect.unreachable('the client has gone'));
    const client = request(port);
    const signal = await asked.promise;
    leave(client.socket);
    if (!signal.aborted) await once(signal, 'abort');
    decision.resolve(true);
    await client.gone();
    expect(server.clients.size).toBe(0);
  });

  test(`H1: the client has ${how} before the hook is asked: nothing is thrown, nothing is left`, async () => {
    const { server: http, port } = await listen();
    const clients: RawClient[] = [];
    const order: string[] = [];
    http.on('upgrade', (_request, socket) => {
      order.push('foreign');
      socket.once('close', () => order.push('gone'));
      leave(clients[0]!.socket);
    });
    const server = new WebSocketServer({
      server: http,
      handshakeTimeout: 60_000,
      verifyClient: ({ signal }) =>
        new Promise((resolve) => {
          order.push('asked');
          signal.addEventListener('abort', () => {
            order.push('aborted');
            resolve(true);
          });
        }),
    });
    server.on('connection', () => expect.unreachable('the client has gone'));
    const closed = new Promise<void>((resolve) => http.on('connection', (socket) => socket.on('close', resolve)));
    clients.push(request(port));
    await closed;
    expect(order.slice(0, 2)).toEqual(['foreign', 'asked']);
    expect(order).toContain('aborted');
    expect(server.clients.size).toBe(0);
  });

  test(`H1: the client has ${how} right after its answer: the application sees 1006`, async () => {
    const { server, port } = await serve({ verifyClient: async () => true });
    const connected = nextConnection(server);
    const client = request(port);
    const socket = await connected;
    leave(client.socket);
    expect((await ended(socket)).code).toBe(1006);
    expect(server.clients.size).toBe(0);
  });
}

test('H1: a socket that has closed before handleUpgrade has it: the signal of a hook that never decides is aborted', async () => {
  const { server: http, port } = await listen();
  const asked = deferred<AbortSignal>();
  const server = new WebSocketServer({
    noServer: true,
    handshakeTimeout: 60_000,
    verifyClient({ signal }) {
      asked.resolve(signal);
      return new Promise(() => {});
    },
  });
  http.on('upgrade', async (request, socket, head) => {
    await once(socket.destroy(), 'close');
    server.handleUpgrade(request, socket, head, () => expect.unreachable('the client has gone'));
  });
  const client = request(port);
  const signal = await asked.promise;
  if (!signal.aborted) await once(signal, 'abort');
  expect(signal.reason.message).toBe('the client has gone before it was answered');
  await client.end();
});

test('H1: a hook that destroys the socket with an error and says yes: nobody is connected, nothing is thrown', async () => {
  const { server, port } = await serve({
    verifyClient: ({ req }) => {
      req.socket.destroy(new Error('enough'));
      return true;
    },
  });
  server.on('connection', () => expect.unreachable('the socket was destroyed'));
  await request(port).end();
  expect(server.clients.size).toBe(0);
});
