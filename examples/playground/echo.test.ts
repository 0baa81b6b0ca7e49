import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Example, startExample } from '../run-example.suite.ts';
import { Client } from './client.suite.ts';

let example: Example;
beforeAll(async () => {
  example = await startExample('playground/server.js');
});
afterAll(() => example.stop());

const url = (path: string) => `ws://127.0.0.1:${example.port}${path}`;

test('text comes back as text and binary as binary, whatever the length', async () => {
  const client = await new Client(url('/echo')).opened();
  for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000, 1024 * 1024]) {
    client.socket.send('é'.repeat(length >> 1));
    client.socket.send(Buffer.alloc(length, 0xff));
    const text = await client.next();
    expect(text.isBinary).toBe(false);
    expect(text.data.toString()).toBe('é'.repeat(length >> 1));
    const binary = await client.next();
    expect(binary.isBinary).toBe(true);
    expect(binary.data.equals(Buffer.alloc(length, 0xff))).toBe(true);
  }
  await client.close();
});

test('a message over 1 MiB closes with 1009', async () => {
  const client = await new Client(url('/echo')).opened();
  client.socket.on('error', () => {});
  client.socket.send(Buffer.alloc(1024 * 1024 + 1));
  await client.rest();
  expect(client.closed).toBe(1009);
});

test('the close code comes back', async () => {
  const client = await new Client(url('/echo')).opened();
  await client.close(4321);
  expect(client.closed).toBe(4321);
});

test('an unknown path is a 404', async () => {
  const socket = new WebSocket(url('/nothing'));
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(404);
});

test.each(['/echo', '/chat', '/tap'])('H8: %s lets in the page of this server, and no other page', async (path) => {
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${example.port + 1}`, 'http://127.0.0.1']) {
    const socket = new WebSocket(url(path), { origin });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    response.resume();
    expect([origin, response.statusCode]).toEqual([origin, 403]);
  }
  const page = await new Client(url(path), { origin: `http://127.0.0.1:${example.port}` }).opened();
  await page.close();
  const noBrowser = await new Client(url(path)).opened();
  await noBrowser.close();
});
