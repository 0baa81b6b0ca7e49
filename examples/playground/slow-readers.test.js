import { once } from 'node:events';
import { createServer } from 'node:http';
import { rawFrames } from '@ws/testkit';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openChat } from './chat.js';
import { Client, upgrade } from './client.suite.ts';
import { openEcho } from './echo.js';
import { openTaps } from './taps.js';

/** @param {import('node:http').Server} http */
async function listen(http) {
  await once(http.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void http.close());
  return /** @type {import('node:net').AddressInfo} */ (http.address()).port;
}

/** @param {string} text */
const flood = (text) =>
  rawFrames(Array.from({ length: 10_000 }, () => ({ opcode: 1, payload: Buffer.from(text), maskingKey: 1 })));

/** The buffers of the system between the two take some megabytes; this is far more. */
const FLOODS = 60;

test('the chat gives up who sends what is refused and does not read why', async () => {
  const http = createServer();
  const server = openChat(http);
  const socket = upgrade(await listen(http), '/chat').pause();
  onTestFinished(() => void socket.destroy());
  await once(server, 'connection');
  const frames = flood('x');
  for (let i = 0; i < FLOODS; i++) socket.write(frames);
  await vi.waitUntil(() => server.clients.size === 0, { timeout: 10_000 });
});

test('the tap gives up who asks for illegal frames and does not read them', async () => {
  const http = createServer();
  const server = openEcho(http, openTaps(http));
  const port = await listen(http);
  const tap = new Client(`ws://127.0.0.1:${port}/tap`);
  const { id } = /** @type {{ id: string }} */ (await tap.json());
  const watched = upgrade(port, `/echo?tap=${id}`).pause();
  onTestFinished(() => void watched.destroy());
  await once(server, 'connection');
  for (let i = 0; i < 400_000 && tap.closed === undefined; i++) {
    tap.socket.send('control-too-long');
    if (i % 10_000 === 0) await new Promise(setImmediate);
  }
  await vi.waitUntil(() => server.clients.size === 0, { timeout: 10_000 });
  await tap.rest();
  expect(tap.closed).toBeDefined();
});
