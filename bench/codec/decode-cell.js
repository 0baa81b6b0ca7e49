import { randomBytes } from 'node:crypto';
import { Opcode } from '@ws/codec';
import { decoders } from './decoders.js';
import { stream } from './streams.js';

/**
 * @typedef {{ size: number, chunks: import('./streams.js').Chunking, text?: 'ascii' | 'multi-byte', masked?: boolean }}
 *   DecodeCell
 *
 * @param {string} contestant
 * @param {DecodeCell} cell
 * @returns {import('./worker.js').Work}
 */
export function codecCell(contestant, { size, chunks: chunking, text, masked }) {
  const make = decoders[contestant];
  if (make === undefined) throw new Error(`There is no decoder ${contestant}`);
  const counter = make(text !== undefined);
  const { chunks, frames } = stream(
    payloadOf(size, text),
    chunking,
    text === undefined ? Opcode.Binary : Opcode.Text,
    masked,
  );
  // A text must be the same each time, also to those who unmask it where it lies.
  const pristine = text === undefined ? undefined : chunks.map((chunk) => Buffer.from(chunk));
  const counts = contestant !== 'memcpy';
  return {
    run() {
      const before = counter.count;
      for (const [i, chunk] of chunks.entries()) {
        if (pristine !== undefined) chunk.set(/** @type {Buffer} */ (pristine[i]));
        counter.push(chunk);
      }
      if (counts && counter.count - before !== frames) {
        throw new Error(`${contestant} has delivered ${counter.count - before} of ${frames} messages`);
      }
      return frames;
    },
  };
}

/** @param {number} size @param {DecodeCell['text']} text */
function payloadOf(size, text) {
  if (text === undefined) return randomBytes(size);
  const sentence =
    text === 'ascii' ? 'The quick brown fox jumps over the lazy dog. ' : 'Zażółć gęślą jaźń, 日本語, 🙂. ';
  const bytes = Buffer.from(sentence.repeat(Math.ceil(size / sentence.length)));
  // Not inside a character.
  let end = size;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return Buffer.concat([bytes.subarray(0, end), Buffer.alloc(size - end, '.')]);
}
