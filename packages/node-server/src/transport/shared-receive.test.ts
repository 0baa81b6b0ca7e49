import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { open, text, textLine } from '../../test/raw-client.suite.ts';
import { serve } from '../../test/serve.suite.ts';
import { sharedReceive } from './shared-receive.ts';

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

test('sockets of this Node read into shared memory, unless the suite has taken that away', async () => {
  const [accepted, other] = await pair();
  const { _handle } = accepted as unknown as { _handle: object };
  const seen: string[] = [];
  const possible = sharedReceive(function (chunk) {
    expect(this).toBe(accepted);
    seen.push(chunk.toString());
    expect(chunk.buffer.byteLength).toBe(65_536);
    return true;
  })(accepted);
  expect(possible).toBe('useUserBuffer' in _handle);
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

test('a socket that is no plain one, or has something to read already, or whose write was replaced, is refused', async () => {
  const refused = (socket: unknown): void => expect(sharedReceive(() => true)(socket)).toBe(false);
  refused(new PassThrough());
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
