import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { rawFrame } from '@ws/testkit';
import { openFaultPipe } from '@ws/testkit/fault-pipe';
import { expect, onTestFinished, test } from 'vitest';
import { close, open, text } from './raw-client.suite.ts';
import { deferred, ended, nextConnection, serve, serveOne } from './serve.suite.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Bytes in use once garbage is gone. The engine frees what it has collected beside the program, so: the least of some
 * tries.
 */
async function memoryInUse(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise(setImmediate);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    least = Math.min(least, heapUsed + arrayBuffers);
  }
  return least;
}

test('M1: 200,000 fragments of one byte cost less than 1 MiB while the message is open, and are one message', async () => {
  const { client, socket } = await serveOne();
  const fragments = 200_000;
  const later = Buffer.from(rawFrame({ opcode: 0, fin: false, maskingKey: 1, payload: Buffer.from('a') }));
  const bytes = Buffer.alloc(later.length * fragments, later);
  const grown: number[] = [];
  // The first round is for the engine's own memory: code, caches.
  for (let round = 1; round <= 2; round++) {
    const message = once(socket, 'message');
    const before = await memoryInUse();
    client.send({ opcode: 2, fin: false }).write(bytes).send({ opcode: 9 });
    // The answer to the ping says that all of it was read.
    await client.received(round);
    grown.push((await memoryInUse()) - before);
    client.send({ opcode: 0 });
    const [data] = await message;
    expect(data.equals(Buffer.alloc(fragments, 'a'))).toBe(true);
  }
  expect(grown[1]).toBeLessThan(1024 * 1024);
});

test('M3: with a peer that does not read, send returns false; drain follows once, when all was written', async () => {
  const { server, port } = await serve();
  const pipe = await openFaultPipe({ targetPort: port });
  onTestFinished(() => pipe.close());
  const connected = nextConnection(server);
  const client = await open(pipe.port);
  const socket = await connected;
  const { toClient } = await pipe.next();
  toClient.stall();
  const chunk = Buffer.alloc(65_536);
  let sent = 0;
  let called = 0;
  // The first false may be for a write that the system takes soon after; the peer reads nothing, so one stays.
  while (socket.bufferedAmount < 8 * 1024 * 1024) {
    socket.send(chunk, (error) => {
      expect(error).toBeUndefined();
      called++;
    });
    sent++;
  }
  expect(socket.send('one more')).toBe(false);
  expect(socket.bufferedAmount).toBeGreaterThanOrEqual(8 * 1024 * 1024);
  let drained = 0;
  socket.on('drain', () => {
    drained++;
    expect([socket.bufferedAmount, called]).toEqual([0, sent]);
    socket.send('drained');
  });
  toClient.resume();
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + sent * (10 + chunk.length) + 10 + 9);
  expect(drained).toBe(1);
  expect(client.bytes.subarray(-7).toString()).toBe('drained');
});

test('M3: callbacks of what can never be written get the error, after the connection was cut off', async () => {
  const { client, socket } = await serveOne();
  client.socket.pause();
  const order: string[] = [];
  const payload = Buffer.alloc(32 * 1024 * 1024);
  socket.send(payload, (error) => order.push(`first: ${error?.message}`));
  socket.send('x', (error) => order.push(`second: ${error?.message}`));
  const end = ended(socket);
  socket.terminate();
  await end;
  const why = 'the connection was terminated by this end';
  expect(order).toEqual([`first: ${why}`, `second: ${why}`]);
});

test('M4: ten pings, ten pongs, in order, each with its payload', async () => {
  const { port } = await serve();
  const client = await open(port);
  const pings = Array.from({ length: 10 }, (_, i) => ({ opcode: 9, payload: Buffer.from([i]) }));
  expect(await client.send(...pings).received(10)).toEqual(pings.map((_, i) => `pong 1:0${i}`));
});

test('M4: a flood of 100,000 pings is answered in full when the peer reads', async () => {
  const { port } = await serve();
  const client = await open(port);
  const ping = Buffer.from(rawFrame({ opcode: 9, maskingKey: 7, payload: Buffer.alloc(125, 'p') }));
  const head = (await client.response()).head.length;
  client.write(Buffer.alloc(ping.length * 100_000, ping));
  await client.until(() => client.length === head + 100_000 * 127);
});

test('M4: a flood of pings whose answers nobody reads: reading stops, nothing piles up, cut off after closeTimeout', async () => {
  const { server, port } = await serve({ closeTimeout: 100 });
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, { socket: tcp }] = await connected;
  client.socket.pause();
  const end = ended(socket);
  const ping = Buffer.from(rawFrame({ opcode: 9, maskingKey: 7, payload: Buffer.alloc(125, 'p') }));
  const flood = Buffer.alloc(ping.length * 500_000, ping);
  client.write(flood);
  let most = 0;
  tcp.on('data', () => {
    most = Math.max(most, socket.bufferedAmount);
  });
  const { code, cause } = await end;
  expect([code, cause?.message]).toEqual([1006, 'the peer sends pings and has not read the answers for 100 ms']);
  // What one read of 64 KiB brings is answered before it stops, and no more.
  expect(most).toBeLessThanOrEqual(2 * 65_536);
  expect(tcp.bytesRead).toBeLessThan(flood.length);
});

test('M6: a small message that is kept does not pin the chunk it came in', async () => {
  const kept: Buffer[] = [];
  const all = deferred();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => kept.push(data) === 1000 && all.resolve()),
  );
  const client = await open(port);
  client.send(...Array.from({ length: 1000 }, (_, i) => text(String(i))));
  await all.promise;
  expect(kept.map(String)).toEqual(Array.from({ length: 1000 }, (_, i) => String(i)));
  for (const message of kept) expect(message.buffer.byteLength).toBeLessThanOrEqual(8192);
});

test('M8: limits hold at their edge: maxPayload takes, one byte more is 1009 before its payload has come', async () => {
  for (const maxPayload of [0, 1, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 32]) {
    const { server, port } = await serve({ maxPayload });
    const connected = nextConnection(server);
    const client = await open(port);
    const end = ended(await connected);
    if (maxPayload <= 65_536) {
      (await connected).on('message', (data) => (data.length === maxPayload ? client.send({ opcode: 9 }) : undefined));
      client.send({ opcode: 2, payload: Buffer.alloc(maxPayload) });
      await client.received(1);
    } else client.send({ opcode: 2, declaredLength: maxPayload, payload: Buffer.alloc(1) }).socket.end();
    if (maxPayload > 65_536) {
      expect((await end).cause).toMatchObject({ violation: 'end-inside-frame' });
      continue;
    }
    client.write(rawFrame({ opcode: 2, maskingKey: 1, declaredLength: maxPayload + 1 }));
    await client.until(() => client.decoded().events.some(({ type }) => type === 'close'));
    expect(client.transcript().at(-1)).toBe('close 1009 ""');
    await client.end();
    expect((await end).cause).toMatchObject({ violation: 'frame-too-big' });
  }
});

test('M8: the default limit is 16 MiB, also as the sum of fragments', async () => {
  const { server, port } = await serve();
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send({ opcode: 2, fin: false, payload: Buffer.alloc(1) });
  client.write(rawFrame({ opcode: 0, maskingKey: 1, declaredLength: 16 * 1024 * 1024 }));
  expect(await client.received(1)).toEqual(['close 1009 ""']);
  client.send(close(1009));
  await client.end();
  expect((await end).cause).toMatchObject({ violation: 'message-too-big' });
});

test('F2: a length with its top bit set is 1002, and nothing is allocated for a legal one that is only declared', async () => {
  const { port } = await serve({ maxPayload: Number.MAX_SAFE_INTEGER });
  const client = await open(port);
  client.write(rawFrame({ opcode: 2, maskingKey: 1, declaredLength: 1n << 63n, lengthForm: 64 }));
  expect(await client.received(1)).toEqual(['close 1002 ""']);
  const before = process.memoryUsage().arrayBuffers;
  const second = await open(port);
  second.write(rawFrame({ opcode: 2, maskingKey: 1, declaredLength: 2 ** 40 }));
  const third = await open(port);
  await third.send(text('x'), { opcode: 9 }).received(1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
});
