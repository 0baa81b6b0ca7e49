import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { deferred } from '../../test/serve.suite.ts';
import { pair } from '../transport/tls-pair.suite.ts';
import { stopReading } from '../transport/tls-reading.ts';
import { PendingSocket } from './pending-socket.ts';

test('what Node has read of a socket before it was handed over comes as one piece', async () => {
  const [accepted, other] = await pair();
  for (let i = 0; i < 100; i++) other.write(Buffer.alloc(1, i));
  while (accepted.readableLength < 100) await new Promise(setImmediate);
  const pending = new PendingSocket({} as IncomingMessage, accepted, Buffer.from('head'), 1000);
  const early = Buffer.from(pending.release());
  expect([early.subarray(0, 4).toString(), [...early.subarray(4)]]).toEqual([
    'head',
    Array.from({ length: 100 }, (_, i) => i),
  ]);
  expect(accepted.readableLength).toBe(0);
});

test('H9: over TLS, Node keeps nothing of what is left unread while a hook decides, and all comes behind', async () => {
  const [accepted, other] = await pair();
  const pending = new PendingSocket({} as IncomingMessage, accepted, Buffer.alloc(0), 1000);
  const decision = deferred<true>();
  const waiting = pending.waitFor(decision.promise, 60_000);
  other.write(Buffer.alloc(1_000_000));
  while (accepted.bytesRead < 65_536) await new Promise(setImmediate);
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  // Where its inside is not as it is known, it is paused.
  if (stopReading(accepted)) expect(accepted.readableLength).toBe(0);
  decision.resolve(true);
  await waiting;
  let { length } = pending.release();
  expect(length).toBeLessThan(3 * 65_536);
  const all = deferred();
  accepted.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length === 1_000_000) all.resolve();
  });
  accepted.resume();
  await all.promise;
});
