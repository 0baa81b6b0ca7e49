import { isUtf8 } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import { type BytesConstructor, MessageMemory, type Platform } from '@ws/codec';
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
 * Allocates what messages share. To transfer it is an error, as with Node's own pool: the others stay whole. And it
 * begins with zeros: behind a message, where a faulty parser may look, nothing is found of what was there before.
 */
function allocateSlab(length: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length);
  markAsUntransferable(bytes.buffer);
  return bytes;
}

/** All connections of the process share this platform, so that an idle one holds none of it. */
export const platform: Platform & { readonly memory: MessageMemory } = {
  memory: new MessageMemory(BufferBytes, Buffer.allocUnsafeSlow, allocateSlab),
  isUtf8,
  maskKernel,
};

export const sendMemory: SendMemory = new SendMemory();
