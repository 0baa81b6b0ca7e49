import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import type { Decoded } from '@ws/connection';
import { Inflation } from './inflation.ts';
import type { Shared } from './node-shared.ts';
import { StreamSteps } from './node-steps.ts';
import { inflateByStream, StreamWriter } from './node-stream.ts';
import { inflateInSteps } from './stepwise.ts';
import type { Inflater, InflateSettings } from './zlib.ts';

/** Up to here, in bytes, decompressing a message is begun at once … */
const AT_ONCE = 16_384;

/** … and ended, if no more than this comes out of it: about what a trip to the thread pool takes. */
const INFLATED_AT_ONCE = 32_768;

/** A window of this size has room for every other. */
const MAX_WINDOW_BITS = 15;

/** Decompresses messages that stand by themselves, for all connections. */
export class SingleInflater implements Inflater {
  readonly #shared: Shared;
  #steps: StreamSteps | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    const { allocate, gate, inside, scratch } = this.#shared;
    if (inside && payload.length <= AT_ONCE) {
      if (this.#steps === undefined || this.#steps.stream.destroyed)
        this.#steps = new StreamSteps(open(MAX_WINDOW_BITS));
      else this.#steps.reset();
      const inflation = new Inflation(payload, false, maxLength, allocate);
      const done = inflateInSteps(this.#steps, inflation, scratch, INFLATED_AT_ONCE);
      if (done !== undefined) return done;
      // Others need the context: this message begins again, with one of its own.
    }
    return gate.run(async () => {
      let stream = open(MAX_WINDOW_BITS);
      const renew = (): StreamWriter => {
        stream.destroy();
        stream = open(MAX_WINDOW_BITS);
        return new StreamWriter(stream);
      };
      try {
        const inflation = new Inflation(payload, false, maxLength, allocate);
        return await inflateByStream(inflation, new StreamWriter(stream), renew);
      } finally {
        stream.destroy();
      }
    });
  }

  /** It is everybody's. */
  close(): void {}
}

/** Decompresses messages that refer to those before them, of one connection. */
export class TakeoverInflater implements Inflater {
  readonly #shared: Shared;
  readonly #windowBits: number;
  #steps: StreamSteps;
  #writer: StreamWriter | undefined;

  constructor(shared: Shared, { windowBits }: InflateSettings) {
    this.#shared = shared;
    this.#windowBits = windowBits;
    this.#steps = new StreamSteps(open(windowBits));
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    const { allocate, gate, inside, scratch } = this.#shared;
    const inflation = new Inflation(payload, true, maxLength, allocate);
    if (inside && payload.length <= AT_ONCE) {
      const done = inflateInSteps(this.#steps, inflation, scratch, INFLATED_AT_ONCE);
      if (done !== undefined) return done;
    }
    return gate.run(() => {
      this.#writer ??= new StreamWriter(this.#steps.stream);
      return inflateByStream(inflation, this.#writer, () => this.#renew());
    });
  }

  close(): void {
    this.#steps.stream.destroy();
  }

  #renew(): StreamWriter {
    this.close();
    this.#steps = new StreamSteps(open(this.#windowBits));
    this.#writer = new StreamWriter(this.#steps.stream);
    return this.#writer;
  }
}

function open(windowBits: number): InflateRaw {
  const stream = createInflateRaw({ windowBits, flush: constants.Z_SYNC_FLUSH });
  // An error shows in what is asked of it.
  return stream.on('error', () => {});
}
