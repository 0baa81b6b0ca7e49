import { isUtf8 } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import { type BytesConstructor, frameHeaderBytes, MessageMemory, type Platform } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';
import { SendMemory } from '@ws/connection';

/**
 * The class that Buffers are of: its constructor makes one without the checks of Buffer.from. It is public as the
 * species; where a runtime has it otherwise, Buffer.from does.
 */
const Species = (Buffer as unknown as { [Symbol.species]?: BytesConstructor })[Symbol.species];

class SafeBuffer {
  constructor(bufferOrLength: ArrayBuffer | number, byteOffset?: number, length?: number) {
    // biome-ignore lint/correctness/noConstructorReturn: stands for a constructor of Buffers
    return typeof bufferOrLength === 'number'
      ? Buffer.alloc(bufferOrLength)
      : Buffer.from(bufferOrLength, byteOffset, length);
  }
}

const BufferBytes: BytesConstructor =
  Species !== undefined && Buffer.isBuffer(new Species(1)) ? Species : (SafeBuffer as unknown as BytesConstructor);

/** Bun runs JavaScriptCore, where this kernel is no gain; Node and Deno run V8. */
const maskKernel = process.versions.bun === undefined ? bigUint64Kernel : undefined;

/**
 * Allocates a Buffer. To transfer one that messages share is an error, as with Node's own pool: the others stay whole.
 * And it begins with zeros: behind a message, where a faulty parser may look, nothing is found of what was there before.
 */
function allocate(length: number, isShared = false): Buffer<ArrayBuffer> {
  if (!isShared) return Buffer.allocUnsafeSlow(length);
  const bytes = Buffer.alloc(length);
  markAsUntransferable(bytes.buffer);
  return bytes;
}

/** All connections of the process share this platform, so that an idle one holds none of it. */
export const platform: Platform & { readonly memory: MessageMemory } = {
  memory: new MessageMemory(BufferBytes, allocate),
  isUtf8,
  maskKernel,
};

/** A message keeps no more than this much memory alive besides its own: as with a slab of the codec (row M6). */
const MOST_KEPT = 8192;

/**
 * Whether a message may be a view of a chunk that was given away. A message that fills its buffer may be transferred;
 * any other would take unread bytes along.
 */
function gives(chunk: Uint8Array, length: number): boolean {
  const { buffer } = chunk;
  if (buffer.byteLength > Math.max(length, MOST_KEPT)) return false;
  if (buffer.byteLength > frameHeaderBytes(length, true) + length) markAsUntransferable(buffer);
  return true;
}

/**
 * The {@link platform} of connections whose chunks are given away: TLS gives each record as a buffer of its own, and
 * messages that lie whole in one need no copy.
 */
export const platformOfGiven: Platform = {
  ...platform,
  givesChunks: gives,
};

export const sendMemory: SendMemory = new SendMemory();
