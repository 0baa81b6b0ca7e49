import { once } from 'node:events';
import { constants, deflateRawSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import {
  type ClientOptions,
  type PerMessageDeflateOptions as TheirOptions,
  WebSocket as WsClient,
  WebSocketServer as WsServer,
} from 'ws';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { connectClient } from './client-role.suite.ts';
import { pattern, textOf } from './interop.suite.ts';
import { open, textLine } from './raw-client.suite.ts';
import { ended, nextConnection, type ServeOptions, serve } from './serve.suite.ts';

const echo = (socket: WebSocket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));

/** On both sides of the threshold, of what is done at once, and of what fits into a window. */
const SIZES = [0, 1, 1023, 1024, 2048, 2049, 4097, 33_000, 200_000];
const WINDOWS = [8, 9, 10, 11, 12, 13, 14, 15];
const TAKEOVERS = [false, true].flatMap((server) => [false, true].map((client) => [server, client] as const));

/** Bytes in which references go back over all of them. */
function mixed(size: number): Buffer<ArrayBuffer> {
  const data = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    data[i] = i > 600 && state % 3 !== 0 ? data[i - 600]! : state >> 16;
  }
  return data;
}

/** A client of ws whose messages wait to be asked for. */
async function withWs(options: ServeOptions, client: ClientOptions, connection?: (socket: WebSocket) => void) {
  const { server, port } = await serve(options, connection);
  const connected = nextConnection(server);
  const peer = new WsClient(`ws://127.0.0.1:${port}`, client);
  onTestFinished(() => peer.terminate());
  const waiting: [Buffer, boolean][] = [];
  let wake = () => {};
  peer.on('message', (data, isBinary) => {
    waiting.push([data as Buffer, isBinary]);
    wake();
  });
  const upgraded = once(peer, 'upgrade');
  await once(peer, 'open');
  const agreed = String((await upgraded)[0].headers['sec-websocket-extensions']);
  const message = async () => {
    while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return waiting.shift()!;
  };
  return { server, peer, socket: await connected, message, agreed };
}

for (const [server, client] of TAKEOVERS) {
  const takeover = { serverNoContextTakeover: !server, clientNoContextTakeover: !client };

  test(`takeover by server ${server}, by client ${client}: a client of ws, in every window, gets back what it sends`, async () => {
    for (const bits of WINDOWS) {
      const { peer, message, agreed } = await withWs(
        { perMessageDeflate: { ...takeover, serverMaxWindowBits: bits, threshold: 0 } },
        // ws offers what its options say, and cannot compress in a window of 2^8 bytes.
        { perMessageDeflate: { clientMaxWindowBits: Math.max(bits, 9), threshold: 0 } },
        echo,
      );
      expect(agreed.includes('server_no_context_takeover')).toBe(!server);
      expect(agreed.includes('client_no_context_takeover')).toBe(!client);
      if (bits < 15) expect(agreed).toContain(`server_max_window_bits=${bits}`);
      for (const size of [...SIZES, 5, 2000]) {
        const data = mixed(size);
        peer.send(data);
        expect(Buffer.compare((await message())[0], data)).toBe(0);
        peer.send(textOf(size));
        expect(String((await message())[0]) === textOf(size)).toBe(true);
      }
      peer.terminate();
    }
  });

  test(`takeover by server ${server}, by client ${client}: a server of ws, in every window, gives back what our client role sends`, async () => {
    for (const bits of WINDOWS) {
      // ws cannot compress in a window of 2^8 bytes, and fails if it is asked to.
      const theirs: TheirOptions = { serverMaxWindowBits: Math.max(bits, 9), clientMaxWindowBits: bits, threshold: 0 };
      const peer = new WsServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { ...theirs, ...takeover } });
      onTestFinished(() => peer.close());
      await once(peer, 'listening');
      peer.on('connection', (socket) =>
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
      );
      const { port } = peer.address() as { port: number };
      const ours = { ...takeover, threshold: 0, serverMaxWindowBits: Math.max(bits, 9), clientMaxWindowBits: bits };
      const { driver, message, agreed } = await connectClient(`ws://127.0.0.1:${port}`, ours);
      const names = agreed!.map(([name]) => name);
      expect(names.includes('server_no_context_takeover')).toBe(!server);
      for (const size of [...SIZES, 5, 2000]) {
        const data = mixed(size);
        driver.send(data, {});
        expect(Buffer.compare((await message()).payload, data)).toBe(0);
      }
      driver.terminate();
    }
  });
}

test('undici and ws: by default, large messages arrive whole, in order with small ones, and pings between', async () => {
  const { peer, message } = await withWs({}, {}, echo);
  const sizes = [200_000, 10, 5000, 1_000_000, 1, 1024, 70_000, 0];
  for (const size of sizes) {
    peer.send(mixed(size));
    peer.ping();
  }
  for (const size of sizes) expect(Buffer.compare((await message())[0], mixed(size))).toBe(0);
});

test('fragments of a compressed message, with control frames between, are one message', async () => {
  const { port } = await serve({}, echo);
  const client = await open(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const data = deflateRawSync('grüße '.repeat(3), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  client.send(
    { opcode: 1, rsv1: true, fin: false, payload: data.subarray(0, 4) },
    { opcode: 9, payload: Buffer.from('p') },
    { opcode: 0, payload: data.subarray(4) },
  );
  expect(await client.received(2)).toEqual([expect.stringMatching(/^pong/), textLine('grüße '.repeat(3))]);
});

test('perMessageDeflate: false declines; compress: false leaves a message as it is', async () => {
  const { peer } = await withWs({ perMessageDeflate: false }, {});
  expect(peer.extensions).toBe('');
  const { port } = await serve({}, (socket) => {
    socket.send('x'.repeat(2000), { compress: false });
    socket.send('y'.repeat(2000));
  });
  const client = await open(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const head = (await client.response()).head.length;
  await client.until(() => client.length > head + 2004 + 4);
  const frames = client.bytes.subarray(head);
  expect([frames[0], frames[2004]]).toEqual([0x81, 0xc1]);
  expect(frames.length).toBeLessThan(2004 + 60);
});

test('M2: a bomb ends at maxPayload with 1009; bad data is 1007; neither is an error of the process', async () => {
  const { server, port } = await serve({ maxPayload: 1_000_000 });
  const bomb = deflateRawSync(Buffer.alloc(100 * 2 ** 20), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  for (const [payload, code, violation] of [
    [bomb, 1009, 'message-too-big'],
    [Buffer.alloc(0), 1007, 'extension-data-illegal'],
    [Buffer.from('ff', 'hex'), 1007, 'extension-data-illegal'],
    [Buffer.concat([bomb.subarray(0, 50_000), Buffer.from('ff'.repeat(20), 'hex')]), 1009, 'message-too-big'],
    [Buffer.concat([deflateRawSync(mixed(90_000)), Buffer.alloc(9, 0xff)]), 1007, 'extension-data-illegal'],
  ] as const) {
    const connected = nextConnection(server);
    const client = await open(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    const socket = await connected;
    const end = ended(socket);
    client.send({ opcode: 2, rsv1: true, payload }, { opcode: 1, payload: Buffer.from('behind') });
    expect(await client.received(1)).toEqual([expect.stringContaining(`close ${code}`)]);
    client.socket.end();
    expect(await end).toMatchObject({ code: 1006, cause: { violation } });
  }
});

test('H17: text that is no UTF-8 is 1007 where it came compressed', async () => {
  const { server, port } = await serve();
  server.on('connection', (socket) => socket.on('message', () => expect.unreachable('it was no text')));
  const connected = nextConnection(server);
  const client = await open(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const end = ended(await connected);
  const payload = deflateRawSync(Buffer.from([0x61, 0xff]), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  client.send({ opcode: 1, rsv1: true, payload });
  expect(await client.received(1)).toEqual(['close 1007 ""']);
  client.socket.end();
  expect(await end).toMatchObject({ code: 1006, cause: { violation: 'text-not-utf8' } });
});

test('M5: maxTakeovers counts connections that are there: not those that have gone, or whose handshake has failed', async () => {
  const options = { serverNoContextTakeover: false, clientNoContextTakeover: false, maxTakeovers: 1 };
  const { server, port } = await serve({ perMessageDeflate: options });
  const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const agreed = async () => (await (await open(port, offer)).response()).fields.get('sec-websocket-extensions');
  const alone = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
  server.once('headers', (lines) => lines.push('no header'));
  const failed = await open(port, offer).catch(() => undefined);
  expect(failed === undefined || (await failed.response()).status).not.toBe(101);
  const connected = nextConnection(server);
  expect(await agreed()).toBe('permessage-deflate');
  const first = await connected;
  expect(await agreed()).toBe(alone);
  const end = ended(first);
  first.terminate();
  await end;
  expect(await agreed()).toBe('permessage-deflate');
});

test('an end of the stream, a pause and a terminate while large messages are in the thread pool', async () => {
  const message = { opcode: 2, rsv1: true, payload: deflateRawSync(mixed(300_000)).subarray() };
  const whole = { ...message, payload: Buffer.concat([message.payload, Buffer.alloc(1)]) };
  const { server, port } = await serve();
  const connect = async () => {
    const connected = nextConnection(server);
    const client = await open(port, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    return { client, socket: await connected };
  };
  const first = await connect();
  const got: number[] = [];
  first.socket.on('message', (data) => got.push(data.length));
  const end = ended(first.socket);
  first.client.send(whole, { opcode: 2, payload: Buffer.alloc(3) }, whole);
  first.client.socket.end();
  expect((await end).code).toBe(1006);
  expect(got).toEqual([300_000, 3, 300_000]);

  const second = await connect();
  second.socket.pause();
  second.socket.on('message', (data) => got.push(data.length));
  second.client.send(whole);
  second.socket.resume();
  await once(second.socket, 'message');
  second.client.send(whole, whole);
  await once(second.socket, 'message');
  const over = ended(second.socket);
  second.socket.terminate();
  await over;
  const { length } = got;
  await new Promise((resolve) => setImmediate(resolve));
  expect(got.length).toBe(length);
});

test('a callback, the Close and the order of what is sent, with large messages in the thread pool', async () => {
  const done: number[] = [];
  const { peer, message } = await withWs({}, {}, (socket) => {
    for (const [i, size] of [300_000, 10, 200_000, 2000].entries()) {
      socket.send(mixed(size), () => done.push(i));
    }
    expect(socket.bufferedAmount).toBeGreaterThan(502_000);
    socket.close(1000, 'bye');
  });
  const closed = once(peer, 'close');
  for (const size of [300_000, 10, 200_000, 2000]) expect(Buffer.compare((await message())[0], mixed(size))).toBe(0);
  expect((await closed).map(String)).toEqual(['1000', 'bye']);
  expect(done).toEqual([0, 1, 2, 3]);
});

test('messages are Buffers of their own, of any size', async () => {
  const { peer, socket } = await withWs({}, { perMessageDeflate: { threshold: 0 } });
  for (const size of SIZES) {
    const arrived = once(socket, 'message');
    peer.send(pattern(size));
    const [data] = await arrived;
    expect([Buffer.isBuffer(data), data.length]).toEqual([true, size]);
    expect(data.buffer.byteLength).toBeLessThanOrEqual(Math.max(size, 8192));
  }
});

test('M8: options of the wrong kind are said when the server is made', () => {
  const make = (perMessageDeflate: unknown) => () =>
    new WebSocketServer({ noServer: true, perMessageDeflate } as never);
  for (const value of [1, 'yes', null]) expect(make(value)).toThrow('perMessageDeflate must be a boolean or an object');
  for (const value of [{ level: 10 }, { concurrencyLimit: 0 }, { threshold: -1 }])
    expect(make(value)).toThrow(RangeError);
  for (const value of [true, false, undefined, {}, { concurrencyLimit: 1 }]) expect(make(value)).not.toThrow();
});
