import { expect, test } from 'vitest';
import { LISTEN, run } from './child.suite.ts';
import { open, text, textLine } from './raw-client.suite.ts';

// What test runners do before a package is imported: jsdom brings globals of another realm, fake timers replace some.
test.each([
  ['the byte arrays of another realm', "globalThis.Uint8Array = runInNewContext('Uint8Array');"],
  ['an immediate that never comes', 'globalThis.setImmediate = () => {};'],
  ['no immediate', 'delete globalThis.setImmediate;'],
])('a server works where the globals have %s', async (_, change) => {
  const child = run(`${LISTEN}
    import { runInNewContext } from 'node:vm';
    ${change}
    const { WebSocketServer } = await import('@ws/node-server');
    const server = new WebSocketServer({ port: 0 });
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())));
  `);
  const client = await open(Number(await child.line()));
  client.send(text('hello'));
  expect(await client.received(1)).toEqual([textLine('hello')]);
});
