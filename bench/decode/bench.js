/** Decoding: nanoseconds per frame of a stream of equal masked frames, in chunks of 64 KiB. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../table.js';

/** Each decoder runs in a process of its own, so that none finds the engine's caches full of another's shapes. */
const CONTESTANTS = ['ws with bufferutil', 'ws', '@ws/codec'];
const SIZES = [16, 125, 1024, 16_384, 1_048_576];
const ROUNDS = 7;

export async function benchDecode() {
  console.log(
    `Decode, masked binary in 64 KiB chunks, messages owned by the receiver: ns per frame, median of ${ROUNDS} rounds\n`,
  );
  const workers = CONTESTANTS.map((name) => {
    const env = { ...process.env, ...(name === 'ws' ? { WS_NO_BUFFER_UTIL: '1' } : {}) };
    return fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [name], { env });
  });
  const rows = [];
  for (const size of SIZES) {
    const times = CONTESTANTS.map(() => /** @type {number[]} */ ([]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const [i, worker] of workers.entries()) {
        worker.send({ size });
        const [nanoseconds] = /** @type {[number]} */ (await once(worker, 'message'));
        // The first round warms up.
        if (round >= 0) times[i]?.push(nanoseconds);
      }
    }
    const medians = times.map(median);
    const ours = medians.at(-1) ?? Number.NaN;
    rows.push([
      `${size} B`,
      ...medians.map((time) => time.toFixed(0)),
      ...medians.slice(0, -1).map((time) => `${(time / ours).toFixed(2)}x`),
    ]);
  }
  for (const worker of workers) worker.disconnect();
  printTable(['payload', ...CONTESTANTS, 'against ws with bufferutil', 'against ws'], rows);
}
