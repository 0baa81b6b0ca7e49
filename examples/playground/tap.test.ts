import { once } from 'node:events';
import { concat, decodeNaively, RFC_6455_5_7, rawFrame, whyIllegal } from '@ws/testkit';
import { openFaultPipe } from '@ws/testkit/fault-pipe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Example, startExample } from '../run-example.suite.ts';
import { afterHead, Client, type Received, upgrade } from './client.suite.ts';

let example: Example;
beforeAll(async () => {
  example = await startExample('playground/server.js');
});
afterAll(() => example.stop());

const url = (path: string, port = example.port) => `ws://127.0.0.1:${port}${path}`;

/** A tab, before it opens its connection. */
async function openTap(): Promise<{ tap: Client; id: string }> {
  const tap = new Client(url('/tap'));
  const { id } = (await tap.json()) as { id: string };
  return { tap, id };
}

/** What the tap has recorded of one direction. */
function recorded(records: Received[], direction: 'in' | 'out'): Buffer {
  expect(records.every(({ isBinary }) => isBinary)).toBe(true);
  return Buffer.concat(
    records.filter(({ data }) => data[0] === (direction === 'in' ? 0 : 1)).map(({ data }) => data.subarray(9)),
  );
}

describe('the tap', () => {
  test('has, byte for byte and both ways, what a proxy between client and server has captured', async () => {
    const pipe = await openFaultPipe({ targetPort: example.port });
    const { tap, id } = await openTap();
    const client = await new Client(url(`/echo?tap=${id}`, pipe.port)).opened();
    const connection = await pipe.next();
    const { socket } = client;

    let expected = 0;
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
      socket.send('x'.repeat(length));
      socket.send(Buffer.alloc(length, 0x80));
      expected += 2;
    }
    socket.send('two ', { fin: false });
    socket.ping('between');
    socket.send('fragments', { fin: true });
    expected++;
    for (let i = 0; i < expected; i++) await client.next();
    await client.close(3000);
    const records = await tap.rest();

    expect(tap.closed).toBe(1000);
    const toServer = recorded(records, 'in');
    const toBrowser = recorded(records, 'out');
    expect(toServer.equals(afterHead(connection.toTarget.captured()))).toBe(true);
    expect(toBrowser.equals(afterHead(connection.toClient.captured()))).toBe(true);
    // What is equal and empty would prove nothing.
    expect(whyIllegal(toServer, 'client')).toBeUndefined();
    expect(whyIllegal(toBrowser, 'server')).toBeUndefined();
    expect(decodeNaively(toServer, { role: 'server' }).events.length).toBe(expected + 2);
    await pipe.close();
  });

  test('has the bytes that came in one packet with the request', async () => {
    const pipe = await openFaultPipe({ targetPort: example.port });
    const { tap, id } = await openTap();
    const frames = concat([
      rawFrame({ opcode: 1, maskingKey: 0x37fa213d, payload: Buffer.from('early') }),
      rawFrame({ opcode: 8, maskingKey: 1 }),
    ]);
    const socket = upgrade(pipe.port, `/echo?tap=${id}`, frames);
    socket.resume();
    await once(socket, 'end');
    socket.end();
    const records = await tap.rest();
    expect(recorded(records, 'in').equals(Buffer.from(frames))).toBe(true);
    const [connection] = pipe.connections;
    expect(recorded(records, 'out').equals(afterHead(connection!.toClient.captured()))).toBe(true);
    expect(recorded(records, 'out').toString('latin1')).toContain('early');
    await pipe.close();
  });

  test('puts what was read before what was written for it, and gives times', async () => {
    const before = Date.now();
    const { tap, id } = await openTap();
    const client = await new Client(url(`/echo?tap=${id}`)).opened();
    // Over 64 KiB, the answer is written while the listeners of the last chunk still run.
    client.socket.send(Buffer.alloc(200_000));
    await client.next();
    await client.close();
    const records = await tap.rest();
    const after = Date.now();
    const message = 200_000 + 14;
    const firstOut = records.findIndex(({ data }) => data[0] === 1);
    const read = records.slice(0, firstOut).reduce((sum, { data }) => sum + data.length - 9, 0);
    expect(read).toBeGreaterThanOrEqual(message);
    const times = records.map(({ data }) => data.readDoubleBE(1));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times.at(-1)).toBeLessThanOrEqual(after);
  });

  test('records one connection, the first that names its id; others are echoed and not recorded', async () => {
    const { tap, id } = await openTap();
    const watched = await new Client(url(`/echo?tap=${id}`)).opened();
    const second = await new Client(url(`/echo?tap=${id}`)).opened();
    const stranger = await new Client(url('/echo?tap=no-such-id')).opened();
    for (const client of [second, stranger]) {
      client.socket.send('not to be seen');
      expect(String((await client.next()).data)).toBe('not to be seen');
      await client.close();
    }
    await watched.close();
    expect(recorded(await tap.rest(), 'out').toString('latin1')).not.toContain('not to be seen');
  });

  test('whose tab has gone leaves the connection alone', async () => {
    const { tap, id } = await openTap();
    const client = await new Client(url(`/echo?tap=${id}`)).opened();
    tap.socket.terminate();
    await tap.rest();
    for (let i = 0; i < 3; i++) {
      client.socket.send('still here');
      expect(String((await client.next()).data)).toBe('still here');
    }
    await client.close();
  });

  test('whose tab does not read ends with 1013, and does not slow down the connection', async () => {
    const { tap, id } = await openTap();
    tap.socket.pause();
    const client = await new Client(url(`/echo?tap=${id}`)).opened();
    const message = Buffer.alloc(1024 * 1024);
    // The system's own buffers take a few megabytes; then the 4 MiB of the server fill up.
    for (let i = 0; i < 24; i++) {
      client.socket.send(message);
      expect((await client.next()).data.length).toBe(message.length);
    }
    tap.socket.resume();
    const records = await tap.rest();
    expect(tap.closed).toBe(1013);
    const bytes = records.reduce((sum, { data }) => sum + data.length, 0);
    expect(bytes).toBeLessThan(48 * message.length);
    await client.close();
  });
});

test('the samples of RFC 6455 that a client can send are echoed and recorded as they are', async () => {
  for (const { hex, sender } of RFC_6455_5_7) {
    if (sender !== 'client') continue;
    const { tap, id } = await openTap();
    const bytes = Buffer.from(hex, 'hex');
    const socket = upgrade(example.port, `/echo?tap=${id}`, concat([bytes, rawFrame({ opcode: 8, maskingKey: 0 })]));
    socket.resume();
    await once(socket, 'end');
    socket.end();
    expect(
      recorded(await tap.rest(), 'in')
        .subarray(0, bytes.length)
        .equals(bytes),
    ).toBe(true);
  }
});
