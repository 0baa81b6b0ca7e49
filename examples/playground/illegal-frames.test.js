import { decodeNaively, VIOLATIONS } from '@ws/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startExample } from '../run-example.suite.ts';
import { afterHead, Client, upgrade } from './client.suite.ts';
import { illegalFrames } from './illegal-frames.js';

/** @type {import('../run-example.suite.ts').Example} */
let example;
beforeAll(async () => {
  example = await startExample('playground/server.js');
});
afterAll(() => example.stop());

/**
 * Names frames over the tap, and gives what then arrives at the watched connection, until it is illegal.
 *
 * @param {string[]} names
 */
async function receive(names) {
  const tap = new Client(`ws://127.0.0.1:${example.port}/tap`);
  const { id } = /** @type {{ id: string }} */ (await tap.json());
  const socket = upgrade(example.port, `/echo?tap=${id}`);
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    if (bytes.length === 0) for (const name of names) tap.socket.send(name);
    bytes = Buffer.concat([bytes, chunk]);
    if (decodeNaively(afterHead(bytes), { role: 'client' }).violation !== undefined) break;
  }
  socket.destroy();
  await tap.rest();
  return afterHead(bytes);
}

test.each(illegalFrames)('$name is what it claims, by an independent decoder', async ({ name, bytes }) => {
  const received = await receive([name]);
  expect(decodeNaively(received, { role: 'client' }).violation?.violation).toBe(name);
  expect(received.toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
});

test('there is one for every rule that a server can break', () => {
  // The others: only a client can break the first, a frame is not bad but too big for the reader, or the stream is cut.
  const others = [
    'mask-missing',
    'length-unsafe',
    'frame-too-big',
    'message-too-big',
    'end-inside-frame',
    'end-inside-message',
  ];
  expect([...illegalFrames.map(({ name }) => name), ...others].sort()).toEqual(Object.keys(VIOLATIONS).sort());
});

test('a name is all that the tab may give', async () => {
  const received = await receive(['81 00', '__proto__', '', 'reserved-opcode']);
  expect(received.toString('hex')).toBe('8300');
});
