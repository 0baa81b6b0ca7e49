import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { open, text, textLine } from '../../test/raw-client.suite.ts';
import { serve } from '../../test/serve.suite.ts';
import { sharedReceive } from './shared-receive.ts';
import { pair as tlsPair } from './tls-pair.suite.ts';

/** A socket that a server has accepted, and its other end. */
async function pair(): Promise<[accepted: Socket, other: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  const accepting = once(server, 'connection');
  await once(server, 'listening');
  const other = connect({ ...(server.address() as { port: number }), host: '127.0.0.1' });
  const [accepted] = (await accepting) as [Socket];
  server.close();
  onTestFinished(() => {
    other.destroy();
    accepted.destroy();
  });
  return [accepted, other];
}

const handleOf = (socket: Socket): object => (socket as unknown as { _handle: object })._handle;

test('sockets of this Node read into shared memory, unless the suite has taken that away', async () => {
  const [accepted, other] = await pair();
  const seen: string[] = [];
  const possible = sharedReceive(function (chunk) {
    expect(this).toBe(accepted);
    seen.push(chunk.toString());
    expect(chunk.buffer.byteLength).toBe(65_536);
    return true;
  })(accepted);
  expect(possible).toBe('useUserBuffer' in handleOf(accepted));
  if (!possible) return;
  accepted.resume();
  other.end('one read');
  await once(accepted, 'end');
  expect(seen).toEqual(['one read']);
});

test('whoever has had enough stops the reading until it is resumed', async () => {
  const [accepted, other] = await pair();
  let stopped = false;
  let read = 0;
  const possible = sharedReceive((chunk) => {
    expect(stopped).toBe(false);
    read += chunk.length;
    stopped = true;
    return false;
  })(accepted);
  if (!possible) return;
  accepted.resume();
  other.end(Buffer.alloc(300_000));
  const ended = once(accepted, 'end');
  while (read < 300_000) {
    // No read comes in these turns.
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    stopped = false;
    accepted.resume();
  }
  await ended;
});

test('so do sockets over TLS, a record at a time; records that were read with the last one come behind it', async () => {
  const [accepted, other] = await tlsPair();
  const seen: Buffer[] = [];
  let stopped = false;
  const possible = sharedReceive((chunk) => {
    expect(chunk.buffer.byteLength).toBe(65_536);
    seen.push(Buffer.from(chunk));
    stopped = true;
    return false;
  })(accepted);
  expect(possible).toBe('useUserBuffer' in handleOf(accepted));
  if (!possible) return;
  const bytes = Buffer.alloc(1_000_000, 'what is sent');
  accepted.resume();
  const ended = once(accepted, 'end');
  other.end(bytes);
  let resumes = 0;
  for (; Buffer.concat(seen).length < bytes.length; resumes++) {
    while (!stopped) await new Promise(setImmediate);
    // No read comes in these turns.
    const records = seen.length;
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
    expect(seen.length).toBe(records);
    stopped = false;
    accepted.resume();
  }
  await ended;
  expect(Buffer.concat(seen).equals(bytes)).toBe(true);
  expect(Math.max(...seen.map(({ length }) => length))).toBe(16_384);
  expect(resumes).toBeLessThan(seen.length);
});

test('a socket that is no plain one, or has something to read already, or whose write was replaced, is refused', async () => {
  const refused = (socket: unknown): void => expect(sharedReceive(() => true)(socket)).toBe(false);
  refused(new PassThrough());
  // What is written to the stream under it may come back at once, while another socket is read.
  const over = new TLSSocket(new PassThrough());
  onTestFinished(() => void over.destroy());
  refused(over);
  const [patched] = await pair();
  patched.write = patched.write.bind(patched);
  refused(patched);
  const [waiting, other] = await pair();
  other.write('early');
  await once(waiting, 'readable');
  refused(waiting);
});

test('who listens for the data of the socket gets its own bytes, before they are decoded', async () => {
  const seen: string[] = [];
  const chunks: Buffer[] = [];
  const { server, port } = await serve({}, (socket) => {
    socket.on('message', (data) => {
      seen.push(data.toString());
      socket.send(data, { binary: false });
    });
  });
  server.on('connection', (_, { socket }) =>
    socket.prependListener('data', (chunk: Buffer) => {
      chunks.push(chunk);
      seen.push('data');
    }),
  );
  const client = await open(port);
  for (let i = 1; i <= 3; i++) await client.send(text(`number ${i}`)).received(i);
  expect(seen).toEqual(['data', 'number 1', 'data', 'number 2', 'data', 'number 3']);
  expect(chunks.map((chunk) => chunk.length)).toEqual([14, 14, 14]);
  expect(new Set(chunks.map((chunk) => chunk.subarray(6).toString())).size).toBe(3);
});

test('what a paused connection has read and not taken stays as it is while others read', async () => {
  const got: string[] = [];
  const { server, port } = await serve({}, (socket) => {
    socket.on('message', (data) => {
      got.push(data.toString());
      if (data.toString() === 'stop') socket.pause();
      else socket.send(data, { binary: false });
    });
  });
  const first = await open(port);
  const [paused] = server.clients;
  first.send(text('stop'), text('a'.repeat(10_000)), text('b'));
  const other = await open(port);
  for (let i = 1; i <= 3; i++) await other.send(text('x'.repeat(20_000))).received(i);
  paused!.resume();
  expect(await first.received(2)).toEqual([textLine('a'.repeat(10_000)), textLine('b')]);
  expect(got.filter((line) => !line.startsWith('x'))).toEqual(['stop', 'a'.repeat(10_000), 'b']);
});
