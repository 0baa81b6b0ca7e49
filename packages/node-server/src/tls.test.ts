import { once } from 'node:events';
import { createServer } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { certificate } from './certificate.suite.ts';
import { ended, listen, nextConnection, shut } from './serve.suite.ts';
import { WebSocketServer } from './server.ts';

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
  const client = new WsClient(`wss://localhost:${port}`, { ca: pem.cert });
  const opened = once(client, 'open');
  const socket = await connected;
  await opened;
  return { client, socket, secure };
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
