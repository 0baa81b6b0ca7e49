import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { WebSocketServer } from '../src/server.ts';
import { close, open, request, text } from './raw-client.suite.ts';
import { ended, listen, nextConnection, serve, serveOne } from './serve.suite.ts';

test('H12: close({ code, reason }) drains: what was sent is written, what is on its way is delivered, then all are gone', async () => {
  const { server, port } = await serve();
  const received: string[] = [];
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  socket.on('message', (data) => received.push(String(data)));
  const end = ended(socket);
  socket.send('last');
  let closed = false;
  const closing = server.close({ code: 1012, reason: 'restart' }).then(() => {
    closed = true;
  });
  expect(await client.received(2)).toEqual(['message opcode=1 rsv=0 4:6c617374', 'close 1012 "restart"']);
  expect([closed, server.clients.size]).toEqual([false, 1]);
  client.send(text('on its way'), close(1012));
  await client.end();
  await closing;
  expect(received).toEqual(['on its way']);
  expect(await end).toEqual({ code: 1012, reason: '', cause: undefined });
  expect(server.clients.size).toBe(0);
  await request(port).gone();
});

test('H12: 1001 by default; those that do not answer are cut off after the timeout', async () => {
  const { server, port } = await serve({ closeReplyTimeout: 60_000 });
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  await server.close({ timeout: 50 });
  expect(client.transcript()).toEqual(['close 1001 ""']);
  expect(await end).toMatchObject({ code: 1006, cause: { message: 'the connection was terminated by this end' } });
});

test('H12: close() and close(callback) leave open connections alone, as in ws; close({}) may follow', async () => {
  const { server, client, socket } = await serveOne();
  let called = 0;
  server.close(() => called++);
  const both = [server.close(), server.close()];
  client.send({ opcode: 9 });
  await client.received(1);
  expect([socket.readyState, called]).toEqual([socket.OPEN, 0]);
  both.push(server.close({ code: 4000 }));
  expect(await client.received(2)).toEqual(['pong 0:', 'close 4000 ""']);
  client.send(close(4000));
  await client.end();
  await Promise.all(both);
  expect(called).toBe(1);
  // It is closed: that is no error for who waits for it.
  await server.close();
  await server.close({});
});

test('H12: a code, reason or timeout of the wrong kind closes nothing', async () => {
  const { server, port } = await serve();
  for (const options of [{ code: 1005 }, { reason: 'x'.repeat(124) }, { timeout: -1 }]) {
    expect(() => server.close(options)).toThrow(RangeError);
  }
  expect(() => server.close({ timeout: '5' as never })).toThrow(TypeError);
  expect(() => server.close({ timeOut: 5 } as never)).toThrow(
    'close has no option "timeOut"; it has code, reason, timeout',
  );
  await open(port);
});

test('H12: server.close() at any moment: in a connection listener, in a message listener, while a hook decides', async () => {
  for (const moment of ['connection', 'message', 'hook'] as const) {
    let closed: Promise<void> | undefined;
    const { server, port } = await serve({
      verifyClient: async () => {
        if (moment === 'hook') closed = server.close({});
        return true;
      },
    });
    server.on('connection', (socket) => {
      if (moment === 'connection') closed = server.close({});
      socket.on('message', () => {
        closed = server.close({});
      });
    });
    const client = request(port);
    if (moment === 'hook') {
      expect((await client.response()).status).toBe(503);
    } else {
      if (moment === 'message') client.send(text('x'));
      expect(await client.received(1)).toEqual(['close 1001 ""']);
      client.send(close(1001));
    }
    await client.end();
    await closed;
  }
});

test('await using closes and drains', async () => {
  const { server, port } = await serve();
  const client = await open(port);
  const disposed = server[Symbol.asyncDispose]();
  expect(await client.received(1)).toEqual(['close 1001 ""']);
  client.send(close(1001));
  await client.end();
  await disposed;
});

test('an AbortSignal closes and drains; one that is aborted already lets nobody in', async () => {
  const abort = new AbortController();
  const { server, port } = await serve({ signal: abort.signal });
  const client = await open(port);
  const closed = once(server, 'close');
  abort.abort();
  expect(await client.received(1)).toEqual(['close 1001 ""']);
  client.send(close(1001));
  await Promise.all([client.end(), closed]);

  const { server: http } = await listen(createServer());
  const never = new WebSocketServer({ server: http, signal: AbortSignal.abort() });
  await once(never, 'close');
  expect(() => new WebSocketServer({ noServer: true, signal: 'now' as never })).toThrow(
    'signal must be an AbortSignal',
  );
});

test('a signal that outlives its server keeps nothing of it', async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: [string, never]) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: [string, never]) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const { server } = await serve({ signal });
  expect(listeners).toBe(1);
  await server.close({});
  expect(listeners).toBe(0);
});
