import { rawFrame } from '@ws/testkit';
import { close, text, textLine } from '@ws/testkit/raw-client';
import { expect } from 'vitest';
import { binary, bytes, check, MIB, masked } from './check.suite.ts';
import type { Connection } from './server-under-test.suite.ts';

/** Asks another connection of the same server until an answer is so: each answer is a turn of its event loop. */
async function askUntil(asked: Connection, isSo: (answer: number) => boolean): Promise<void> {
  for (let count = 1; ; count++) {
    const [, payload] = (await asked.send(text(String(count))).received(count)).at(-1)!.split(':');
    if (isSo(Number(Buffer.from(payload!, 'hex').toString()))) return;
  }
}

/** So many times the same, and it stands still. */
const STILL = 25;

check(
  'backpressure',
  'while the application is busy, the server stops reading; then nothing is missing',
  async (server) => {
    const client = await server.open('wait');
    client.send(text('first'));
    await server.telling(client.name, 'waits');
    const message = masked(binary(bytes(65_536)));
    for (let i = 0; i < 1000; i++) client.write(message);
    let before = 0;
    let still = 0;
    await askUntil(await server.open('echo'), () => {
      const { writableLength } = client.socket;
      still = writableLength === before ? still + 1 : 0;
      before = writableLength;
      return still === STILL;
    });
    // TCP's own buffers take a few MiB.
    expect(before).toBeGreaterThan(20 * MIB);
    await server.open('go', { name: client.name });
    client.send(text('last'));
    expect(await client.received(1)).toEqual([textLine('1001')]);
  },
);

check('backpressure', 'while the client does not read, send waits; then all of it arrives', async (server) => {
  const client = await server.open('flood');
  const head = (await client.response()).head.length;
  client.socket.pause();
  let before = 0;
  let still = 0;
  await askUntil(await server.open('sent', { name: client.name }), (sent) => {
    still = sent === before && sent > 0 ? still + 1 : 0;
    before = sent;
    return still === STILL;
  });
  expect(before).toBeLessThan(400);
  client.socket.resume();
  const frame = (i: number): Uint8Array => rawFrame(binary(new Uint8Array(65_536).fill(i)));
  const expected = Buffer.concat([...Array.from({ length: 400 }, (_, i) => frame(i)), rawFrame(close(1000))]);
  await client.until(() => client.length >= head + expected.length);
  expect(Buffer.compare(client.bytes.subarray(head), expected)).toBe(0);
  client.send(close(1000));
  await client.end();
});
