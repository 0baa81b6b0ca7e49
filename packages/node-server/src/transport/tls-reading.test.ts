import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { pair } from './tls-pair.suite.ts';

// Also where the suite goes without.
const { startReading, stopReading } = await vi.importActual<typeof import('./tls-reading.ts')>('./tls-reading.ts');

const turns = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
};

test('a socket that is stopped delivers what it has read, and the rest when it goes on', async () => {
  const [accepted, other] = await pair();
  let length = 0;
  let stopped = false;
  let reads = 0;
  const all = new Promise<void>((resolve) => {
    accepted.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length === 5_000_000) resolve();
      if (stopped) reads++;
      expect(stopReading(accepted)).toBe(true);
      stopped = true;
    });
  });
  other.write(Buffer.alloc(5_000_000));
  let goes = true;
  const goOn = async (): Promise<void> => {
    while (goes) {
      await turns();
      // No more than a read of 64 KiB has brought.
      expect(reads).toBeLessThanOrEqual(5);
      reads = 0;
      stopped = false;
      startReading(accepted);
    }
  };
  await Promise.all([all.then(() => (goes = false)), goOn()]);
});

test('a socket whose queue is full meanwhile is started by Node, and not twice', async () => {
  const [accepted, other] = await pair();
  const { _handle: handle } = accepted as unknown as { _handle: { reading: boolean } };
  accepted.on('error', (error) => expect.unreachable(error.message)).pause();
  other.write(Buffer.alloc(1_000_000));
  while (handle.reading) await new Promise(setImmediate);
  expect(stopReading(accepted)).toBe(true);
  let length = 0;
  const all = new Promise<void>((resolve) => {
    accepted.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length === 1_000_000) resolve();
    });
  });
  startReading(accepted);
  accepted.resume();
  await all;
});

test('what is no socket of Node over TLS is to be paused', () => {
  expect(stopReading(new PassThrough())).toBe(false);
});
