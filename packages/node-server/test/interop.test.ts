import { once } from 'node:events';
import { WebSocket as UndiciWebSocket } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import type { WebSocket } from '../src/websocket.ts';
import { pattern, SIZES, textOf } from './interop.suite.ts';
import { ended, nextConnection, type ServeOptions, serve } from './serve.suite.ts';

const echo = (socket: WebSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

/** A client of ws and the WebSocket at its other end. */
async function withWs(connection?: (socket: WebSocket) => void, options: ServeOptions = {}) {
  const { server, port } = await serve(options, connection);
  const connected = nextConnection(server);
  const client = new WsClient(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  onTestFinished(() => client.terminate());
  await once(client, 'open');
  return { client, socket: await connected };
}

for (const size of SIZES) {
  test(`ws client: ${size} bytes of binary and of text are echoed`, async () => {
    const { client } = await withWs(echo);
    const sent = pattern(size);
    client.send(sent);
    const [bytes, isBinary] = await once(client, 'message');
    expect([sent.equals(bytes), isBinary]).toEqual([true, true]);
    const text = textOf(size);
    client.send(text);
    const [answer, isText] = await once(client, 'message');
    expect([answer.toString() === text, isText]).toEqual([true, false]);
  });

  test(`ws client: ${size} bytes in fragments, with pings between, are one message`, async () => {
    const { client, socket } = await withWs(echo);
    const pings: string[] = [];
    const pongs: string[] = [];
    socket.on('ping', (data) => pings.push(String(data)));
    client.on('pong', (data) => pongs.push(String(data)));
    const sent = pattern(size);
    const third = Math.floor(size / 3);
    client.send(sent.subarray(0, third), { fin: false });
    client.ping('one');
    client.send(sent.subarray(third, 2 * third), { fin: false });
    client.ping('two');
    client.send(sent.subarray(2 * third), { fin: true });
    const [bytes] = await once(client, 'message');
    expect([sent.equals(bytes), pings, pongs]).toEqual([true, ['one', 'two'], ['one', 'two']]);
  });

  test(`undici: ${size} bytes of binary and of text are echoed`, async () => {
    const { port } = await serve({}, echo);
    const client = new UndiciWebSocket(`ws://127.0.0.1:${port}`);
    client.binaryType = 'arraybuffer';
    const message = () =>
      new Promise<unknown>((resolve, reject) => {
        client.onmessage = (event) => resolve(event.data);
        client.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
      });
    await new Promise((resolve) => client.addEventListener('open', resolve));
    const sent = pattern(size);
    const answer = message();
    client.send(sent);
    expect(sent.equals(new Uint8Array((await answer) as ArrayBuffer))).toBe(true);
    const text = textOf(size);
    const second = message();
    client.send(text);
    expect((await second) === text).toBe(true);
    client.onclose = null;
    client.close();
    await new Promise((resolve) => client.addEventListener('close', resolve));
  });
}

test('ws client: fragments of ours, with a ping between, are one message', async () => {
  const { client, socket } = await withWs();
  const message = once(client, 'message');
  const ping = once(client, 'ping');
  const pong = once(socket, 'pong');
  socket.send('grü', { fin: false });
  socket.ping('between');
  socket.send('ße', { fin: true });
  expect(String((await ping)[0])).toBe('between');
  expect((await message).map(String)).toEqual(['grüße', 'false']);
  expect(String((await pong)[0])).toBe('between');
});

test('ws client: pings and pongs of 0 and 125 bytes, both ways', async () => {
  const { client, socket } = await withWs();
  for (const size of [0, 1, 125]) {
    const data = pattern(size);
    const [pong, ping] = [once(client, 'pong'), once(socket, 'ping')];
    client.ping(data);
    expect([(await pong)[0], (await ping)[0]]).toEqual([data, data]);
    const [theirPong, theirPing] = [once(socket, 'pong'), once(client, 'ping')];
    socket.ping(data);
    expect([(await theirPong)[0], (await theirPing)[0]]).toEqual([data, data]);
    const unsolicited = once(client, 'pong');
    socket.pong(data);
    expect((await unsolicited)[0]).toEqual(data);
  }
});

const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

test('ws client: every kind of close code with its reason, from either end', async () => {
  for (const code of [...codes, undefined]) {
    for (const from of ['server', 'client'] as const) {
      const { client, socket } = await withWs();
      const [end, closed] = [ended(socket), once(client, 'close')];
      const reason = code === undefined ? '' : 'ß'.repeat(61);
      (from === 'server' ? socket : client).close(code, reason);
      const [told, why] = await closed;
      const echoed = code ?? 1005;
      expect([told, String(why)]).toEqual([echoed, from === 'server' ? reason : '']);
      // ws repeats the reason in its answer.
      expect(await end).toEqual({ code: echoed, reason, cause: undefined });
    }
  }
});

test('undici: close from either end, with code and reason', async () => {
  for (const from of ['server', 'client'] as const) {
    const { server, port } = await serve();
    const connected = nextConnection(server);
    const client = new UndiciWebSocket(`ws://127.0.0.1:${port}`);
    const socket = await connected;
    if (client.readyState !== 1) await new Promise((resolve) => client.addEventListener('open', resolve));
    const end = ended(socket);
    const closed = new Promise<{ code: number; reason: string; wasClean: boolean }>((resolve) =>
      client.addEventListener('close', ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })),
    );
    (from === 'server' ? socket : client).close(4000, 'grüße');
    expect(await closed).toEqual({ code: 4000, reason: expect.any(String), wasClean: true });
    expect(await end).toEqual({
      code: 4000,
      reason: from === 'client' ? 'grüße' : expect.any(String),
      cause: undefined,
    });
  }
});

test('undici: a subprotocol is agreed on; with none chosen the client fails the connection (H19)', async () => {
  const { port } = await serve({ subprotocols: ['chat'] }, (socket) => socket.send(socket.protocol));
  const client = new UndiciWebSocket(`ws://127.0.0.1:${port}`, ['log', 'chat']);
  const [event] = await once(client as never, 'message');
  expect([event.data, client.protocol]).toEqual(['chat', 'chat']);
  client.close();
  const other = await serve();
  const failed = new UndiciWebSocket(`ws://127.0.0.1:${other.port}`, ['log']);
  await once(failed as never, 'error');
});

test('ws client: a message of 16 MiB and one byte is 1009', async () => {
  const { client, socket } = await withWs(echo);
  const [end, closed] = [ended(socket), once(client, 'close')];
  client.on('error', () => {});
  client.send(Buffer.alloc(16 * 1024 * 1024 + 1));
  expect((await closed)[0]).toBe(1009);
  expect(await end).toMatchObject({ code: 1006, cause: { violation: 'frame-too-big' } });
});
