import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { WebSocket } from '../src/websocket.ts';
import { close, open, text, textLine } from './raw-client.suite.ts';
import { deferred, ended, serve } from './serve.suite.ts';

/** A server that takes its messages with for await, and how each loop has ended. */
async function iterating(body: (message: { data: unknown; isBinary: boolean }, socket: WebSocket) => unknown) {
  const over = deferred<unknown>();
  const { server, port } = await serve({}, async (socket) => {
    try {
      for await (const message of socket) if ((await body(message, socket)) === 'break') break;
      over.resolve('ended');
    } catch (error) {
      over.resolve(error);
    }
  });
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  return { client, socket: socket as WebSocket, tcp, over: over.promise };
}

test('for await: text as a string, binary as a Buffer; ends on a clean close', async () => {
  const seen: unknown[] = [];
  const { client, over } = await iterating(({ data, isBinary }) => seen.push([data, isBinary]));
  client.send(text('grüße'), { opcode: 2, payload: Buffer.from([1, 2]) }, text(''), close(1000));
  await client.end();
  expect(await over).toBe('ended');
  expect(seen).toEqual([
    ['grüße', false],
    [Buffer.from([1, 2]), true],
    ['', false],
  ]);
});

test('for await throws the cause where there was no clean close, after the messages before it', async () => {
  const seen: unknown[] = [];
  const { client, socket, over } = await iterating(({ data }) => seen.push(data));
  client.send(text('a'), { opcode: 3 });
  await client.end();
  const error = await over;
  expect(error).toMatchObject({ name: 'ProtocolError', violation: 'reserved-opcode' });
  expect(error).toBe(socket.cause);
  expect(seen).toEqual(['a']);
});

test('for await throws the error of the system on a reset', async () => {
  const { client, over } = await iterating(() => {});
  client.socket.resetAndDestroy();
  expect(await over).toMatchObject({ code: 'ECONNRESET' });
});

test('for await: reading stops while the consumer is busy; nothing is lost', async () => {
  const go = deferred();
  let count = 0;
  const { client, tcp, over } = await iterating(async ({ data }) => {
    await go.promise;
    if ((data as Buffer)[0] !== (count & 255)) throw new Error(`message ${count} is out of order`);
    count++;
  });
  const paused = once(tcp, 'pause');
  for (let i = 0; i < 4096; i++) client.send({ opcode: 2, payload: Buffer.alloc(8192, i) });
  await paused;
  expect(client.socket.writableLength).toBeGreaterThan(0);
  expect(tcp.bytesRead).toBeLessThanOrEqual(4 * 65_536);
  go.resolve();
  client.send(close(1000));
  expect(await over).toBe('ended');
  expect(count).toBe(4096);
});

test('break leaves the connection open; a later loop goes on with what has waited', async () => {
  const { client, socket, over } = await iterating(() => 'break');
  client.send(text('first'), text('second'), { opcode: 9 });
  expect(await over).toBe('ended');
  await client.received(1);
  expect(socket.readyState).toBe(1);
  socket.send('still open');
  const { value } = await socket[Symbol.asyncIterator]().next();
  expect(value).toEqual({ data: 'second', isBinary: false });
  expect((await client.received(2))[1]).toBe(textLine('still open'));
});

test('a loop whose body throws rejects with that, and the connection stays open', async () => {
  const { client, socket, over } = await iterating(() => {
    throw new Error('body');
  });
  client.send(text('x'));
  expect(await over).toMatchObject({ message: 'body' });
  expect(socket.readyState).toBe(1);
});

test('for await after our own close: the messages on their way, then the end', async () => {
  const seen: unknown[] = [];
  const { client, socket, over } = await iterating(({ data }) => seen.push(data));
  socket.close(1000);
  await client.received(1);
  client.send(text('on its way'), close(1000));
  await client.end();
  expect(await over).toBe('ended');
  expect(seen).toEqual(['on its way']);
});

test('for await after the end gives what has waited, then ends', async () => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket] = await connected;
  const closed = once(socket, 'close');
  client.send(text('waited'), close(1000));
  await Promise.all([client.end(), closed]);
  const seen = [];
  for await (const { data } of socket) seen.push(data);
  expect(seen).toEqual(['waited']);
});

test.each([
  ['it ends', close(1000)],
  ['it throws the cause', { opcode: 3 }],
])('for await after the end, of a connection of which nothing is held: %s', async (_, last) => {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket] = await connected;
  const end = ended(socket);
  await client.send(last).end();
  const { cause } = await end;
  const next = socket[Symbol.asyncIterator]().next();
  if (cause === undefined) expect(await next).toEqual({ done: true, value: undefined });
  else await expect(next).rejects.toBe(cause);
});

test('close in the body of for await: what has waited for the body is not dropped', async () => {
  const seen: unknown[] = [];
  const { client, over } = await iterating(({ data }, socket) => {
    seen.push(data);
    socket.close(1000);
  });
  client.send(text('1'), text('2'), text('3'));
  await client.received(1);
  await client.send(close(1000)).end();
  expect(await over).toBe('ended');
  expect(seen).toEqual(['1', '2', '3']);
});

for (const [name, leave] of [
  ['close, then break', (socket) => socket.close(1008)],
  ['break, then close', (socket) => void setImmediate(() => socket.close(1008))],
] satisfies [string, (socket: WebSocket) => void][]) {
  test(`${name}: what waits is dropped, so that the peer’s Close is seen`, async () => {
    const full = deferred();
    const { client, socket, tcp, over } = await iterating(async (_message, webSocket) => {
      await full.promise;
      leave(webSocket);
      return 'break';
    });
    const end = ended(socket);
    const paused = once(tcp, 'pause');
    client.send(...Array.from({ length: 40 }, () => ({ opcode: 2, payload: Buffer.alloc(4096) })));
    await paused;
    full.resolve();
    expect(await client.received(1)).toEqual(['close 1008 ""']);
    await client.send(close(1008)).end();
    expect(await end).toMatchObject({ code: 1008, cause: undefined });
    expect(await over).toBe('ended');
  });
}
