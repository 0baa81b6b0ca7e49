import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test, vi } from 'vitest';
import { Client } from './client.suite.ts';
import { openEcho } from './echo.js';

test('a client that sends and does not read is held back, and gets everything once it reads', async () => {
  const http = createServer();
  const server = openEcho(http, new Map());
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address());
  const client = await new Client(`ws://127.0.0.1:${port}/echo`).opened();
  const [socket] = server.clients;

  client.socket.pause();
  const message = Buffer.alloc(1024 * 1024, 7);
  for (let i = 0; i < 32; i++) client.socket.send(message);
  // The system's buffers between the two take some megabytes, never all 32.
  await vi.waitUntil(() => socket?.isPaused, { timeout: 30_000 });
  expect(socket?.bufferedAmount).toBeLessThan(3 * message.length);

  client.socket.resume();
  for (let i = 0; i < 32; i++) expect((await client.next()).data.equals(message)).toBe(true);
  await client.close();
  http.close();
});
