/** What decoding allocates. */
import { randomBytes } from 'node:crypto';
import { encodeFrame, Opcode } from '@ws/codec';
import { decoders } from './decoders.js';
import { stream } from './streams.js';

const [what = ''] = process.argv.slice(2);
const gc = /** @type {() => void} */ (globalThis.gc);
const MIB = 1_048_576;

process.send?.(what.startsWith('fragments ') ? fragments(what.slice(10)) : heap(what));

/** @param {string} contestant */
function heap(contestant) {
  const { push } = make(contestant);
  const { chunks, frames } = stream(randomBytes(16), '64 KiB');
  /** At least so many frames; returns how many they were. */
  const passes = (/** @type {number} */ wanted) => {
    let done = 0;
    for (; done < wanted; done += frames) for (const chunk of chunks) push(chunk);
    return done;
  };
  passes(200_000);
  if (contestant === 'offsets') {
    const before = used();
    passes(10_000_000);
    return [
      `heap after 10,000,000 frames of 16 B, ${contestant}`,
      `+${(Math.max(0, used() - before) / MIB).toFixed(2)} MiB`,
    ];
  }
  gc();
  const before = process.memoryUsage().heapUsed;
  const count = passes(100_000);
  return [`heap a frame of 16 B, ${contestant}`, `${Math.round((process.memoryUsage().heapUsed - before) / count)} B`];
}

/**
 * A message of 200,000 fragments of one byte, and one of 100,000: memory beyond it, and time.
 *
 * @param {string} contestant
 */
function fragments(contestant) {
  const one = (/** @type {number} */ count) => {
    const { push } = make(contestant);
    const first = encodeFrame({ fin: false, opcode: Opcode.Binary, payload: Uint8Array.of(1) }, 1);
    const next = encodeFrame({ fin: false, opcode: Opcode.Continuation, payload: Uint8Array.of(1) }, 1);
    const chunk = Buffer.alloc(next.length * 1000);
    for (let i = 0; i < 1000; i++) chunk.set(next, i * next.length);
    const before = used();
    const start = process.hrtime.bigint();
    push(first);
    // Fresh memory, as a socket gives it: who keeps views of a chunk keeps the chunk.
    for (let i = 0; i < count; i += 1000) push(Buffer.from(chunk));
    return { nanoseconds: Number(process.hrtime.bigint() - start) / count, bytes: used() - before - count };
  };
  for (let i = 0; i < 5; i++) one(100_000);
  const half = one(100_000);
  const whole = one(200_000);
  return [
    `a message of 200,000 fragments of 1 B, ${contestant}`,
    `${(whole.bytes / MIB).toFixed(2)} MiB beyond the message, ${whole.nanoseconds.toFixed(0)} ns each (of 100,000: ${half.nanoseconds.toFixed(0)} ns)`,
  ];
}

/** @param {string} contestant */
function make(contestant) {
  const decoder = decoders[contestant];
  if (decoder === undefined) throw new Error(`There is no decoder ${contestant}`);
  return decoder(false);
}

function used() {
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
