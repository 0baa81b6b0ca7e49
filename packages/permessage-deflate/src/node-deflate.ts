import { constants, createDeflateRaw } from 'node:zlib';
import { COPY_UP_TO } from '@ws/connection';
import { deflateInTurns } from './in-turns.ts';
import type { Shared } from './node-shared.ts';
import { CHUNK_BYTES, deflateByStream, NodeStream, StreamPool } from './node-stream.ts';
import { deflateInSteps } from './stepwise.ts';
import type { Deflater, DeflateSettings } from './zlib.ts';

/**
 * Up to here, in bytes, a message is compressed at once: a trip to the thread pool takes as much of the main thread
 * (bench/deflate/border.js).
 */
const AT_ONCE = 2048;

/** Compresses messages that stand by themselves, for all connections. */
export class SingleDeflater implements Deflater {
  readonly #shared: Shared;
  readonly #pool: StreamPool;

  constructor(shared: Shared, settings: DeflateSettings) {
    this.#shared = shared;
    this.#pool = new StreamPool(() => open(settings));
  }

  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { allocate, inside, scratch, giveWay } = this.#shared;
    if (inside && payload.length <= AT_ONCE) {
      const stream = this.#pool.take();
      const deflated = deflateInSteps(stream, payload, scratch, allocate);
      this.#pool.give(stream);
      return deflated;
    }
    const kept = keep(payload);
    return this.#shared.deflating(async () => {
      const stream = this.#pool.take();
      try {
        if (giveWay !== undefined) return await deflateInTurns(stream, kept, scratch, allocate, giveWay);
        return await deflateByStream(stream, kept, allocate);
      } finally {
        this.#pool.give(stream);
      }
    });
  }

  /** It is everybody's. */
  close(): void {}
}

/** Compresses messages that refer to those before them, of one connection. */
export class TakeoverDeflater implements Deflater {
  readonly #shared: Shared;
  readonly #stream: NodeStream;

  constructor(shared: Shared, settings: DeflateSettings) {
    this.#shared = shared;
    this.#stream = open(settings);
  }

  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { allocate, inside, scratch, giveWay } = this.#shared;
    if (inside && payload.length <= AT_ONCE) return deflateInSteps(this.#stream, payload, scratch, allocate);
    const kept = keep(payload);
    return this.#shared.deflating(() =>
      giveWay === undefined
        ? deflateByStream(this.#stream, kept, allocate)
        : deflateInTurns(this.#stream, kept, scratch, allocate, giveWay),
    );
  }

  close(): void {
    this.#stream.close();
  }
}

function open({ windowBits, level, memLevel }: DeflateSettings): NodeStream {
  // Node makes 9 of 8, since zlib has no windows of 2^8 bytes. Of one of 2^9 bytes it uses 250.
  const options = { windowBits, level, memLevel, flush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES };
  return new NodeStream(createDeflateRaw(options));
}

/**
 * What stays as it is when the call has returned: a longer payload does so by itself (`Extension.encode`). The slice()
 * of a Buffer would be no copy.
 */
function keep(payload: Uint8Array): Uint8Array {
  return payload.length <= COPY_UP_TO ? new Uint8Array(payload) : payload;
}
