import { constants, createInflateRaw } from 'node:zlib';
import type { Decoded } from '@ws/connection';
import { inflateInTurns } from './in-turns.ts';
import { Inflation } from './inflation.ts';
import type { Shared } from './node-shared.ts';
import { CHUNK_BYTES, inflateByStream, NodeStream, StreamPool } from './node-stream.ts';
import { MAX_WINDOW_BITS } from './parameters.ts';
import { inflateInSteps } from './stepwise.ts';
import type { Inflater, InflateSettings } from './zlib.ts';

/**
 * Up to here, in bytes, a message is decompressed at once: at most two milliseconds of the worst that we know of
 * (bench/deflate/border.js) …
 */
const AT_ONCE = 16_384;

/** … if no more than this comes out of it: about what a trip to the thread pool takes. */
const INFLATED_AT_ONCE = 65_536;

/** Decompresses messages that stand by themselves, for all connections. */
export class SingleInflater implements Inflater {
  readonly #shared: Shared;
  /** With windows that have room for every other. */
  readonly #pool = new StreamPool(() => open(MAX_WINDOW_BITS));

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    const { allocate, inside, scratch } = this.#shared;
    if (inside && payload.length <= AT_ONCE) {
      const stream = this.#pool.take();
      const inflation = new Inflation(payload, false, maxLength, allocate);
      const done = inflateInSteps(stream, inflation, scratch, INFLATED_AT_ONCE);
      this.#pool.give(stream);
      if (done !== undefined) return done;
      // Restarted in the thread pool: keeping this context while it queues would hold one more.
    }
    return this.#shared.inflating(() => this.#inflateLater(new Inflation(payload, false, maxLength, allocate)));
  }

  /** It is everybody's. */
  close(): void {}

  async #inflateLater(inflation: Inflation): Promise<Decoded> {
    const { inside, scratch, giveWay } = this.#shared;
    let stream = this.#pool.take();
    const renew = (): NodeStream => {
      this.#pool.give(stream);
      stream = this.#pool.take();
      return stream;
    };
    try {
      if (giveWay !== undefined) return await inflateInTurns(stream, inflation, scratch, giveWay);
      return await inflateByStream(inflation, stream, renew, inside ? scratch : undefined);
    } finally {
      this.#pool.give(stream);
    }
  }
}

/** Decompresses messages that refer to those before them, of one connection. */
export class TakeoverInflater implements Inflater {
  readonly #shared: Shared;
  readonly #windowBits: number;
  #stream: NodeStream;

  constructor(shared: Shared, { windowBits }: InflateSettings) {
    this.#shared = shared;
    this.#windowBits = windowBits;
    this.#stream = open(windowBits);
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    const { allocate, inside, scratch, giveWay } = this.#shared;
    const inflation = new Inflation(payload, true, maxLength, allocate);
    if (inside && payload.length <= AT_ONCE) {
      const done = inflateInSteps(this.#stream, inflation, scratch, INFLATED_AT_ONCE);
      if (done !== undefined) return done;
    }
    if (giveWay !== undefined) {
      return this.#shared.inflating(() => inflateInTurns(this.#stream, inflation, scratch, giveWay));
    }
    const renew = (): NodeStream => {
      this.close();
      this.#stream = open(this.#windowBits);
      return this.#stream;
    };
    return this.#shared.inflating(() => inflateByStream(inflation, this.#stream, renew, inside ? scratch : undefined));
  }

  close(): void {
    this.#stream.close();
  }
}

function open(windowBits: number): NodeStream {
  return new NodeStream(createInflateRaw({ windowBits, flush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES }));
}
