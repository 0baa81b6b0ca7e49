import { randomBytes } from 'node:crypto';
import { encodeFrame, Opcode } from '@ws/codec';

export const CHUNK_BYTES = 65_536;

/** As a socket gives them; a frame a chunk, as where a client waits for each answer; and as an attacker would. */
/** @typedef {'64 KiB' | 'frame' | 'byte'} Chunking */

/**
 * A stream of equal frames, long enough that few of them are cut alike, and its chunks.
 *
 * @param {Buffer} payload
 * @param {Chunking} chunking
 * @param {number} opcode
 * @param {boolean} masked
 */
export function stream(payload, chunking, opcode = Opcode.Binary, masked = true) {
  const frame = encodeFrame({ opcode, payload }, masked ? randomBytes(4).readInt32BE() : undefined);
  const frames = chunking === '64 KiB' ? Math.ceil((4 * CHUNK_BYTES) / frame.length) : 256;
  const bytes = Buffer.alloc(frames * frame.length);
  for (let i = 0; i < frames; i++) bytes.set(frame, i * frame.length);
  const step = chunking === '64 KiB' ? CHUNK_BYTES : chunking === 'frame' ? frame.length : 1;
  const chunks = [];
  // Each in a buffer of its own, as a socket's are.
  for (let at = 0; at < bytes.length; at += step) chunks.push(ownBytes(bytes.subarray(at, at + step)));
  return { chunks, frames };
}

/** @param {Uint8Array} bytes */
function ownBytes(bytes) {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}
