import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { certificate } from '@ws/runtimes/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { WebSocketServer } from '../src/server.ts';
import { open } from './raw-client.suite.ts';
import { deferred, listen, serve, shut } from './serve.suite.ts';

const { port1, port2 } = new MessageChannel();

/** Tries to send a message to another thread with its buffer, and keeps it. */
function transfer(data: Buffer<ArrayBuffer>): string {
  try {
    port1.postMessage(data, [data.buffer]);
    // Node 20 copies what is marked.
    return data.length > 0 ? 'copied' : 'transferred';
  } catch (error) {
    return (error as Error).name;
  }
}

test('M6: small messages share their buffers: none can be transferred from under the others, of this client or another', async () => {
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  const kept: Buffer[] = [];
  const outcomes = new Set<string>();
  const all = deferred();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => {
      outcomes.add(transfer(data));
      if (kept.push(data) === 13) all.resolve();
    }),
  );
  const [a, b] = await Promise.all([open(port), open(port)]);
  // A message of many fragments is in progress meanwhile.
  const parts = Array.from({ length: 40 }, (_, i) => Buffer.alloc(50, i));
  b.send({ opcode: 2, fin: false, payload: Buffer.alloc(0) });
  for (let i = 0; i < 12; i++) {
    b.send(...parts.slice(i * 3, i * 3 + 3).map((payload) => ({ opcode: 0, fin: false, payload })));
    a.send({ opcode: 2, payload: Buffer.alloc(700, i) });
  }
  b.send(...parts.slice(36).map((payload, i) => ({ opcode: 0, fin: i === 3, payload })));
  await all.promise;
  const [whole] = kept.filter(({ length }) => length === 2000);
  expect(whole?.equals(Buffer.concat(parts))).toBe(true);
  const small = kept.filter((data) => data !== whole);
  expect(small.map((data) => data.equals(Buffer.alloc(700, data[0])))).toEqual(new Array(12).fill(true));
  expect(small.map(([first]) => first)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(['copied', 'DataCloneError']).toEqual(expect.arrayContaining([...outcomes]));
});

test('behind a small message that has just come there is nothing of what was in its memory before', async () => {
  const behind: number[] = [];
  const all = deferred();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => {
      const rest = new Uint8Array(data.buffer, data.byteOffset + data.length);
      if (behind.push(rest.findIndex((byte) => byte !== 0)) === 200) all.resolve();
    }),
  );
  const client = await open(port);
  // What the system gave back is what it gives next.
  for (let i = 0; i < 1000; i++) Buffer.allocUnsafeSlow(8192).fill(1);
  for (let i = 0; i < 200; i++) client.send({ opcode: 2, payload: Buffer.alloc(1000, 1) });
  await all.promise;
  expect(behind).toEqual(new Array(200).fill(-1));
});

test('a message of more than 4 KiB has a buffer of its own, which may be transferred', async () => {
  const transferred = deferred<number>();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => {
      const moved = structuredClone(data.buffer, { transfer: [data.buffer] });
      transferred.resolve(data.length === 0 ? moved.byteLength : -1);
    }),
  );
  const client = await open(port);
  client.send({ opcode: 2, payload: Buffer.alloc(4097, 1) });
  expect(await transferred.promise).toBe(4097);
});

test('M6: over TLS, messages may share a record, which cannot be transferred either', async () => {
  const { cert, key } = certificate();
  const http = createServer({ cert, key });
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  const { port: address } = await listen(http);
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const kept: Buffer[] = [];
  const end = deferred<number>();
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      kept.push(data);
      try {
        port1.postMessage(data, [data.buffer]);
      } catch (error) {
        expect(error).toHaveProperty('name', 'DataCloneError');
      }
    });
    socket.on('close', (code) => end.resolve(code));
  });
  const client = new WsClient(`wss://localhost:${address}`, { ca: cert });
  await once(client, 'open');
  const { _socket: tls } = client as unknown as { _socket: Socket };
  tls.cork();
  for (let i = 0; i < 5; i++) client.send(Buffer.alloc(200, i));
  client.ping();
  client.close(1000);
  tls.uncork();
  expect(await end.promise).toBe(1000);
  expect(kept.map((data) => data.equals(Buffer.alloc(200, data[0])))).toEqual(new Array(5).fill(true));
  port2.close();
});
