import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { keepHalfOpen } from './half-open.ts';

test('a socket that would end with its peer writes on, and keeps no listener but the application’s', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await accepted;
  // By the name of Node's own.
  const listeners = [function onReadableStreamEnd() {}, () => {}];
  for (const listener of listeners) socket.prependListener('end', listener);
  keepHalfOpen(socket);
  expect(socket.listeners('end')).toEqual(listeners.reverse());
  client.end();
  socket.resume();
  await once(socket, 'end');
  expect(socket.write('behind its end')).toBe(true);
  socket.end();
  expect(await text(client)).toBe('behind its end');
  server.close();
});
