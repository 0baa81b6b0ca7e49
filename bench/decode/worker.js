/** One decoder: told a payload size, it answers with the nanoseconds per frame that it took. */
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { encodeFrame, MessageDecoder, MessageMemory, Opcode } from '@ws/codec';
import * as ws from 'ws';

const CHUNK_BYTES = 65_536;
/** Long enough that the clock and the collector weigh little. */
const ROUND_MILLISECONDS = 200;

/** @returns {{ push(chunk: Uint8Array): void, count(): number }} */
function ours() {
  let messages = 0;
  const decoder = new MessageDecoder(
    { role: 'server' },
    {},
    {
      message: () => {
        messages++;
      },
      ping() {},
      pong() {},
      close() {},
      violation(error) {
        throw error;
      },
    },
    { isUtf8, memory: new MessageMemory(/** @type {any} */ (Buffer)[Symbol.species]) },
  );
  return { push: (chunk) => void decoder.push(chunk), count: () => messages };
}

/** @returns {{ push(chunk: Uint8Array): void, count(): number }} */
function theirs() {
  let messages = 0;
  // Public, but not in its types.
  const { Receiver } = /** @type {any} */ (ws);
  const receiver = new Receiver({ isServer: true, maxPayload: 16 * 1024 * 1024 });
  receiver.on('message', () => {
    messages++;
  });
  // Its messages are views of the chunk, which it unmasks in place: each chunk is given away, as a socket does.
  return { push: (chunk) => void receiver.write(Buffer.from(chunk)), count: () => messages };
}

/**
 * A stream of whole frames, cut into chunks as a socket gives them.
 *
 * @param {number} size
 */
function stream(size) {
  const frame = encodeFrame({ opcode: Opcode.Binary, payload: randomBytes(size) }, randomBytes(4).readInt32BE());
  const frames = Math.max(1, Math.ceil((8 * CHUNK_BYTES) / frame.length));
  const bytes = new Uint8Array(frames * frame.length);
  for (let i = 0; i < frames; i++) bytes.set(frame, i * frame.length);
  const chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.slice(at, at + CHUNK_BYTES));
  return { chunks, frames };
}

const { push, count } = process.argv[2] === '@ws/codec' ? ours() : theirs();

process.on('message', (/** @type {{ size: number }} */ { size }) => {
  const { chunks, frames } = stream(size);
  const before = count();
  let passes = 0;
  const start = process.hrtime.bigint();
  let elapsed = 0;
  while (elapsed < ROUND_MILLISECONDS * 1e6) {
    for (const chunk of chunks) push(chunk);
    passes++;
    elapsed = Number(process.hrtime.bigint() - start);
  }
  if (count() - before !== passes * frames)
    throw new Error(`decoded ${count() - before} of ${passes * frames} messages`);
  process.send?.(elapsed / (passes * frames));
});
