import { isUtf8 } from 'node:buffer';
import { Recorder } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { type BytesConstructor, MessageMemory, type Platform } from './index.ts';
import { bigUint64Kernel } from './mask-biguint64.ts';

/** What lies before and behind the bytes that are given. */
export type Noise = readonly [before: Uint8Array, behind: Uint8Array];

/** Zeros and ones too: what is read beyond the end of an array counts as 0. Often there is little or nothing behind. */
export function noise(): fc.Arbitrary<Noise> {
  const side = (minLength: number) =>
    fc.oneof(
      fc.constantFrom(0x00, 0xff).map((byte) => new Uint8Array(24).fill(byte)),
      fc.uint8Array({ minLength, maxLength: minLength + 24 }),
    );
  return fc.tuple(side(16), fc.oneof(side(16), fc.uint8Array({ maxLength: 8 })));
}

/** A copy of some bytes in the midst of noise, in one buffer. */
export class Surrounded {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #start: number;
  readonly #end: number;
  readonly #before: Uint8Array;

  /** @param length how much room there is for the bytes. Default: as much as they take */
  constructor(bytes: Uint8Array, [before, behind]: Noise, length: number = bytes.length) {
    this.#start = before.length;
    this.#end = before.length + length;
    this.#buffer = new Uint8Array(this.#end + behind.length);
    this.#buffer.set(before);
    this.#buffer.set(bytes, this.#start);
    this.#buffer.set(behind, this.#end);
    this.#before = this.#buffer.slice();
  }

  /** The bytes; with `lead` and `tail`, also so many of the noise before and behind them, as far as it goes. */
  view(lead = 0, tail = 0): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start - lead, this.#end + tail);
  }

  /** Fails if one of the bytes, or of the noise, has been written to. */
  expectUntouched(): void {
    if (Buffer.compare(this.#buffer, this.#before) !== 0) expect(this.#buffer).toEqual(this.#before);
  }

  /** Fails if the noise has been written to. */
  expectNoiseUntouched(): void {
    this.#before.set(this.view(), this.#start);
    this.expectUntouched();
  }
}

/** Memory that is never zeroed: what was not written before it is delivered shows itself. */
function dirtyMemory(): MessageMemory {
  class Dirty extends Uint8Array<ArrayBuffer> {
    constructor(source: number | ArrayBuffer, byteOffset?: number, length?: number) {
      if (typeof source === 'number') super(new ArrayBuffer(source));
      else super(source, byteOffset, length);
      if (typeof source === 'number') this.fill(0xa5);
    }

    // What is derived from such an array is a plain one.
    static get [Symbol.species](): Uint8ArrayConstructor {
      return Uint8Array;
    }
  }
  return new MessageMemory(Dirty as BytesConstructor);
}

/** What a runtime can lend, with memory that was not zeroed. */
export function dirtyPlatforms(): fc.Arbitrary<Platform> {
  const decodeUtf8 = (bytes: Uint8Array, start: number, end: number): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', start, end);
  return fc
    .constantFrom<Platform>(
      {},
      { isUtf8, decodeUtf8, maskKernel: bigUint64Kernel },
      { givesChunks: true },
      { givesChunks: true, isUtf8, decodeUtf8, maskKernel: bigUint64Kernel },
    )
    .map((platform) => ({ ...platform, memory: dirtyMemory() }));
}

/** Takes text as strings, and writes it down as any recorder does. */
class StringRecorder extends Recorder {
  text(text: string): void {
    this.message(Uint8Array.from(Buffer.from(text)), 1, 0);
  }
}

export function recorders(): fc.Arbitrary<() => Recorder> {
  return fc.constantFrom(
    () => new Recorder(),
    () => new StringRecorder(),
  );
}
