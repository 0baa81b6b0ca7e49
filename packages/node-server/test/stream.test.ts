import { once } from 'node:events';
import { type DuplexOptions, PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient, createWebSocketStream as wsStream } from 'ws';
import { NotSentError } from '../src/index.ts';
import { createWebSocketStream } from '../src/stream.ts';
import { close, open, type RawClient, text, textLine } from './raw-client.suite.ts';
import { ended, nextConnection, reset, serve, serveOne } from './serve.suite.ts';
import { tooLong } from './too-long.suite.ts';
import { uncaught } from './uncaught.suite.ts';

async function pair(options?: DuplexOptions) {
  const { server, port } = await serve();
  const connected = nextConnection(server);
  const client: RawClient = await open(port);
  const socket = await connected;
  return { client, socket, stream: createWebSocketStream(socket, options) };
}

test('createWebSocketStream: 20 MB through it and back, with backpressure, and both ends', async () => {
  const { port } = await serve({}, async (socket) => {
    const stream = createWebSocketStream(socket);
    await pipeline(stream, stream);
  });
  const client = new WsClient(`ws://127.0.0.1:${port}`);
  onTestFinished(() => client.terminate());
  const stream = wsStream(client);
  const chunks = Array.from({ length: 200 }, (_, i) => Buffer.alloc(100_000, i));
  const closed = once(client, 'close');
  let length = 0;
  for (const chunk of chunks) stream.write(chunk);
  for await (const chunk of stream) {
    expect(chunk.every((byte: number, i: number) => byte === Math.floor((length + i) / 100_000) % 256)).toBe(true);
    length += chunk.length;
    if (length === 20_000_000) stream.end();
  }
  expect(length).toBe(20_000_000);
  expect((await closed)[0]).toBe(1005);
});

test('createWebSocketStream: what nobody reads is not read from the socket', async () => {
  const { client, socket, stream } = await pair({ readableHighWaterMark: 1000 });
  client.send(...Array.from({ length: 10 }, () => ({ opcode: 2, payload: Buffer.alloc(600) })));
  stream.read(0);
  await once(stream, 'readable');
  while (!socket.isPaused) await new Promise(setImmediate);
  expect(stream.readableLength).toBe(1200);
  client.send(close(1000));
  expect((await buffer(stream)).length).toBe(6000);
});

test('createWebSocketStream: text and binary, in bytes and in objects', async () => {
  const { client, stream } = await pair({ readableObjectMode: true, decodeStrings: false });
  stream.write('text');
  stream.write(Buffer.from('ab'));
  expect(await client.received(2)).toEqual([textLine('text'), 'message opcode=2 rsv=0 2:6162']);
  client.send(text('grüße'), { opcode: 2, payload: Buffer.from('x') }, close());
  expect(await stream.toArray()).toEqual(['grüße', Buffer.from('x')]);
  const bytes = await pair();
  bytes.stream.write('text');
  expect(await bytes.client.received(1)).toEqual([`message opcode=2 rsv=0 4:${Buffer.from('text').toString('hex')}`]);
  bytes.client.send(text('grüße'), close());
  expect(String(await buffer(bytes.stream))).toBe('grüße');
});

test('createWebSocketStream: the end of either side is a Close, after what was written', async () => {
  const { client, socket, stream } = await pair();
  const end = ended(socket);
  stream.end('last');
  expect(await client.received(2)).toEqual([expect.stringMatching(/^message/), 'close without code ""']);
  client.send(close());
  await client.end();
  expect((await end).code).toBe(1005);
  stream.resume();
  await once(stream, 'close');
  const other = await pair();
  other.client.send(close(1000));
  await other.client.end();
  expect(await buffer(other.stream)).toHaveLength(0);
  if (!other.stream.closed) await once(other.stream, 'close');
  expect(other.stream.errored).toBeNull();
});

test('createWebSocketStream: a connection that ends without a Close is the end as well, after what has come', async () => {
  const { client, socket, stream } = await pair();
  client.send(...Array.from({ length: 10 }, () => ({ opcode: 2, payload: Buffer.alloc(40_000) })));
  client.socket.end();
  expect((await buffer(stream)).length).toBe(400_000);
  expect(socket.cause?.message).toContain('without a Close');
});

test('createWebSocketStream: destroy ends the connection', async () => {
  const { socket, stream } = await pair();
  const end = ended(socket);
  stream.destroy();
  expect((await end).code).toBe(1006);
  if (!stream.closed) await once(stream, 'close');
});

test('createWebSocketStream: a violation is an error where anybody listens, and throws nowhere else', async () => {
  const { errors } = uncaught();
  const heard = await pair();
  heard.client.send({ opcode: 3 });
  await expect(buffer(heard.stream)).rejects.toMatchObject({ violation: 'reserved-opcode' });
  const unheard = await pair();
  // Not by once(), which listens for errors.
  const closed = new Promise((resolve) => unheard.stream.on('close', resolve));
  unheard.client.send({ opcode: 3 });
  await unheard.client.end();
  await closed;
  expect(errors).toEqual([]);
});

test('createWebSocketStream: what is no chunk is an error of write, with objects to read as well', async () => {
  const { stream, client } = await pair({ objectMode: true });
  expect(() => stream.write({ a: 1 })).toThrow(TypeError);
  stream.write('bytes');
  expect(await client.received(1)).toEqual([expect.stringMatching(/^message opcode=2/)]);
});

test('createWebSocketStream: what is written to a connection that has ended throws nowhere, and is an error where anybody listens', async () => {
  const { errors } = uncaught();
  for (const last of [close(1000), { opcode: 3 }]) {
    const unheard = await pair();
    const gone = new Promise((resolve) => unheard.stream.on('close', resolve));
    // Its half of the stream stays open.
    unheard.client.send(last);
    await unheard.client.until(() => unheard.socket.readyState !== unheard.socket.OPEN);
    unheard.stream.write('for nobody');
    await unheard.client.end();
    await gone;
  }
  const heard = await pair();
  const told = once(heard.stream, 'error');
  heard.socket.terminate();
  heard.stream.write('for nobody');
  expect((await told)[0]).toBeInstanceOf(NotSentError);
  expect(errors).toEqual([]);
});

test('createWebSocketStream: a client that goes away or breaks a rule throws nowhere from a pipe either', async () => {
  const { errors } = uncaught();
  for (const how of ['reset', 'violation', 'close'] as const) {
    const { client, stream } = await pair();
    stream.pipe(stream);
    const source = new PassThrough().pipe(stream);
    const gone = new Promise((resolve) => stream.on('close', resolve));
    if (how === 'reset') client.socket.resetAndDestroy();
    else client.send(text('echoed'), how === 'close' ? close(1000) : { opcode: 3 });
    source.write('for nobody');
    if (how !== 'reset') await client.end();
    await gone;
  }
  expect(errors).toEqual([]);
});

test('createWebSocketStream: with its listeners removed, no peer makes it throw; a mistake of its owner does, as in any stream', async () => {
  const { errors } = uncaught();
  const { client, stream } = await pair();
  stream.removeAllListeners();
  const gone = new Promise((resolve) => stream.on('close', resolve));
  client.send({ opcode: 3 });
  await client.end();
  await gone;
  expect(errors).toEqual([]);
  const own = await pair();
  const bug = new Error('of the application');
  own.stream.destroy(bug);
  while (errors.length === 0) await new Promise(setImmediate);
  expect(errors).toEqual([bug]);
});

test('createWebSocketStream: callbacks of write and end are called, whatever becomes of the connection', async () => {
  const { errors } = uncaught();
  const { socket, stream } = await pair();
  socket.pause();
  const written = new Promise<unknown>((resolve) => stream.write(Buffer.alloc(50_000_000), resolve));
  stream.destroy();
  expect(await written).toBeInstanceOf(Error);
  const other = await pair();
  const ended = new Promise<unknown>((resolve) => other.stream.end('for nobody', resolve as () => void));
  other.client.socket.resetAndDestroy();
  await ended;
  expect(errors).toEqual([]);
});

test('createWebSocketStream: of a connection that has ended before, it has what was held, and its end', async () => {
  const { server, port } = await serve();
  for (const paused of [false, true]) {
    const connected = nextConnection(server);
    const client = await open(port);
    const socket = await connected;
    const end = ended(socket);
    client.send(text('abc'), text('def'), close(1000));
    await client.end();
    await end;
    if (paused) socket.pause();
    const stream = createWebSocketStream(socket, { readableHighWaterMark: 2 });
    expect(String(await buffer(stream))).toBe('abcdef');
  }
});

test('createWebSocketStream: nor does another listener’s pause cut off what was held', async () => {
  const { client, socket } = await serveOne();
  const end = ended(socket);
  client.send(text('abc'), text('def'), text('ghi'), close(1000));
  await client.end();
  await end;
  const stream = createWebSocketStream(socket);
  socket.on('message', async () => {
    socket.pause();
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
    socket.resume();
  });
  expect(String(await buffer(stream))).toBe('abcdefghi');
});

test('createWebSocketStream: what waits for the reader when the connection ends comes before the end', async () => {
  const { client, socket } = await serveOne();
  client.send(text('abc'), text('def'), text('ghi'));
  client.send({ opcode: 9, payload: Buffer.from('all are held') });
  await client.received(1);
  const stream = createWebSocketStream(socket, { readableHighWaterMark: 1 });
  stream.read(0);
  while (!socket.isPaused) await new Promise(setImmediate);
  const end = ended(socket);
  await reset(client, socket);
  await end;
  expect(String(await buffer(stream))).toBe('abcdefghi');
});

test('createWebSocketStream: a text that is longer than a string may be is an error of the stream, not of the process', async () => {
  const { errors } = uncaught();
  tooLong('too long');
  for (const listens of [true, false]) {
    const { client, socket, stream } = await pair({ readableObjectMode: true });
    const end = ended(socket);
    const failed = listens ? once(stream, 'error') : undefined;
    stream.resume();
    client.send(text('too long'));
    await end;
    if (failed !== undefined) {
      expect((await failed)[0].message).toBe('a text of 8 bytes is longer than a string may be');
    }
  }
  expect(errors).toEqual([]);
});

test.each(['arraybuffer', 'fragments', 'blob'] as const)(
  'createWebSocketStream: binary is a Buffer also where binaryType is %s',
  async (type) => {
    const { client, socket, stream } = await pair({ readableObjectMode: true });
    socket.binaryType = type;
    client.send({ opcode: 2, payload: Buffer.from('x') }, text('y'), close());
    expect(await stream.toArray()).toEqual([Buffer.from('x'), 'y']);
  },
);
