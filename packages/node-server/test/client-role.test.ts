import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer as WsServer, type WebSocket as WsSocket } from 'ws';
import { connectClient } from './client-role.suite.ts';
import { pattern, SIZES, textOf } from './interop.suite.ts';

/** A server of ws, and what it does with each client. */
async function wsServer(connection: (socket: WsSocket) => void): Promise<string> {
  const server = new WsServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', connection);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/chat?x=1`;
}

const echo = (socket: WsSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

for (const size of SIZES) {
  test(`our client role, ws server: ${size} bytes of binary and of text are echoed; the sent bytes stay as they are`, async () => {
    const { driver, message } = await connectClient(await wsServer(echo));
    const sent = pattern(size);
    driver.send(sent, {});
    const { payload, isBinary } = await message();
    expect([pattern(size).equals(payload), isBinary, sent.equals(pattern(size))]).toEqual([true, true, true]);
    driver.send(textOf(size), {});
    const text = await message();
    expect([Buffer.from(text.payload).toString() === textOf(size), text.isBinary]).toEqual([true, false]);
  });
}

test('our client role, ws server: fragments with pings between; pongs come back in order', async () => {
  const { driver, message, pongs } = await connectClient(await wsServer(echo));
  driver.send('grü', { fin: false });
  driver.ping('one');
  driver.send('', { fin: false });
  driver.ping('two');
  driver.send('ße', { fin: true });
  expect(String((await message()).payload)).toBe('grüße');
  expect(pongs).toEqual(['one', 'two']);
});

test('our client role, ws server: either end closes, and both are told', async () => {
  const ends: unknown[] = [];
  const url = await wsServer((socket) => {
    socket.on('close', (code, reason) => ends.push([code, String(reason)]));
    socket.on('message', () => socket.close(4001, 'from the server'));
  });
  const first = await connectClient(url);
  first.driver.close(4000, 'from the client');
  // ws repeats the reason in its answer.
  expect(await first.over).toEqual({ code: 4000, reason: 'from the client' });
  const second = await connectClient(url);
  second.driver.send('close', {});
  expect(await second.over).toEqual({ code: 4001, reason: 'from the server' });
  expect(ends[0]).toEqual([4000, 'from the client']);
});

test('our client role: a refusal of ws is a HandshakeError with its status', async () => {
  const server = new WsServer({ port: 0, host: '127.0.0.1', verifyClient: (_info, done) => done(false, 403) });
  await once(server, 'listening');
  onTestFinished(() => server.close());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(connectClient(url)).rejects.toMatchObject({
    name: 'HandshakeError',
    reason: 'status-not-101',
    status: 403,
  });
});
