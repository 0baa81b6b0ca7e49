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

/**
 * Up to here, in bytes, what comes out of a message in the thread pool is short work: a millisecond. What comes out of
 * no more than so many bytes is tried as such …
 */
const SHORT = 262_144;

/** … which, of most data, it will be. */
const SHORT_PAYLOAD = 32_768;

/** What nobody waits for. */
const GONE: Decoded = 'extension-data-illegal';

/** Decompresses messages that stand by themselves, in contexts that are everybody's. */
export class SingleInflater implements Inflater {
  readonly #shared: Shared;
  readonly #pool: StreamPool;
  /** The message that is, or waits to be, decompressed. Dropped when the connection is over. */
  #payload: Uint8Array<ArrayBuffer> | undefined;

  /** @param pool see {@link inflaterPool} */
  constructor(shared: Shared, pool: StreamPool) {
    this.#shared = shared;
    this.#pool = pool;
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    this.#payload = payload;
    const { inside, turn } = this.#shared;
    if (inside && payload.length <= AT_ONCE) return turn.run(() => this.#atOnce(maxLength));
    return this.#later(maxLength, payload.length > SHORT_PAYLOAD);
  }

  close(): void {
    this.#payload = undefined;
  }

  #atOnce(maxLength: number): Decoded | Promise<Decoded> {
    const payload = this.#payload;
    if (payload === undefined) return GONE;
    const { allocate, scratch } = this.#shared;
    const stream = this.#pool.take();
    const inflation = new Inflation(payload, false, maxLength, allocate);
    const done = inflateInSteps(stream, inflation, scratch, INFLATED_AT_ONCE);
    this.#pool.give(stream);
    // Restarted in the thread pool: keeping this context while it queues would hold one more.
    if (done === undefined) return this.#later(maxLength, inflation.at * (SHORT / INFLATED_AT_ONCE) < payload.length);
    this.#payload = undefined;
    return done;
  }

  async #later(maxLength: number, mayBeLong: boolean): Promise<Decoded> {
    const isLong = mayBeLong || this.#shared.hasPlace;
    const most = isLong ? maxLength : Math.min(SHORT, maxLength);
    const done = await this.#shared.inflating(() => this.#inPool(most), isLong);
    // Restarted, for the same reason.
    if (done === 'message-too-big' && most < maxLength) return this.#later(maxLength, true);
    this.#payload = undefined;
    return done;
  }

  async #inPool(maxLength: number): Promise<Decoded> {
    if (this.#payload === undefined) return GONE;
    const { allocate, inside, scratch, giveWay } = this.#shared;
    const inflation = new Inflation(this.#payload, false, maxLength, allocate);
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

/** Contexts with windows that have room for every other. */
export function inflaterPool(): StreamPool {
  return new StreamPool(() => open(MAX_WINDOW_BITS));
}

/** Decompresses messages that refer to those before them, of one connection. */
export class TakeoverInflater implements Inflater {
  readonly #shared: Shared;
  readonly #windowBits: number;
  #stream: NodeStream;
  /** The message that is, or waits to be, decompressed. Dropped when the connection is over. */
  #inflation: Inflation | undefined;

  constructor(shared: Shared, { windowBits }: InflateSettings) {
    this.#shared = shared;
    this.#windowBits = windowBits;
    this.#stream = open(windowBits);
  }

  inflate(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    const { allocate, inside, turn } = this.#shared;
    this.#inflation = new Inflation(payload, true, maxLength, allocate);
    return inside && payload.length <= AT_ONCE ? turn.run(() => this.#atOnce()) : this.#later();
  }

  close(): void {
    this.#inflation = undefined;
    this.#stream.close();
  }

  #atOnce(): Decoded | Promise<Decoded> {
    if (this.#inflation === undefined) return GONE;
    const done = inflateInSteps(this.#stream, this.#inflation, this.#shared.scratch, INFLATED_AT_ONCE);
    if (done === undefined) return this.#later();
    this.#inflation = undefined;
    return done;
  }

  async #later(): Promise<Decoded> {
    // How long it takes shows only when it is done, and it cannot be restarted.
    const done = await this.#shared.inflating(() => this.#inPool(), true);
    this.#inflation = undefined;
    return done;
  }

  async #inPool(): Promise<Decoded> {
    const inflation = this.#inflation;
    if (inflation === undefined) return GONE;
    const { inside, scratch, giveWay } = this.#shared;
    if (giveWay !== undefined) return inflateInTurns(this.#stream, inflation, scratch, giveWay);
    const renew = (): NodeStream => {
      this.#stream.close();
      this.#stream = open(this.#windowBits);
      return this.#stream;
    };
    return inflateByStream(inflation, this.#stream, renew, inside ? scratch : undefined);
  }
}

function open(windowBits: number): NodeStream {
  return new NodeStream(createInflateRaw({ windowBits, flush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES }));
}
