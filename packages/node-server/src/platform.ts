import { isUtf8 } from 'node:buffer';
import { type BytesConstructor, MessageMemory, type Platform } from '@ws/codec';
import { SendMemory } from '@ws/connection';

/**
 * The class that Buffers are of, whose constructor makes one without the checks of Buffer.from. Public as the species; where
 * a runtime has it otherwise, Buffer.from does.
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

/** Shared by all connections of the process, so that an idle one holds none of it. */
export const platform: Platform = { memory: new MessageMemory(BufferBytes), isUtf8 };
export const sendMemory: SendMemory = new SendMemory();
