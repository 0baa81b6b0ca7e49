import { constants, createDeflateRaw, type DeflateRaw } from 'node:zlib';
import type { Shared } from './node-shared.ts';
import { StreamSteps } from './node-steps.ts';
import { deflateByStream, StreamWriter } from './node-stream.ts';
import { deflateInSteps } from './stepwise.ts';
import type { Deflater, DeflateSettings } from './zlib.ts';

/**
 * Up to here, in bytes, a message is compressed at once: a trip to the thread pool takes as much of the main thread as
 * compressing 3 KiB does. It is also how long a payload may be that changes after the call.
 */
const AT_ONCE = 4096;

/** Compresses messages that stand by themselves, for all connections. */
export class SingleDeflater implements Deflater {
  readonly #shared: Shared;
  readonly #settings: DeflateSettings;
  #steps: StreamSteps | undefined;

  constructor(shared: Shared, settings: DeflateSettings) {
    this.#shared = shared;
    this.#settings = settings;
  }

  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { allocate, gate, inside, scratch } = this.#shared;
    if (inside && payload.length <= AT_ONCE) {
      if (this.#steps === undefined || this.#steps.stream.destroyed)
        this.#steps = new StreamSteps(open(this.#settings));
      else this.#steps.reset();
      return deflateInSteps(this.#steps, payload, scratch, allocate);
    }
    const kept = keep(payload);
    return gate.run(async () => {
      const stream = open(this.#settings);
      try {
        return await deflateByStream(new StreamWriter(stream), kept, allocate);
      } finally {
        stream.destroy();
      }
    });
  }

  /** It is everybody's. */
  close(): void {}
}

/** Compresses messages that refer to those before them, of one connection. */
export class TakeoverDeflater implements Deflater {
  readonly #shared: Shared;
  readonly #stream: DeflateRaw;
  readonly #steps: StreamSteps;
  #writer: StreamWriter | undefined;

  constructor(shared: Shared, settings: DeflateSettings) {
    this.#shared = shared;
    this.#stream = open(settings);
    this.#steps = new StreamSteps(this.#stream);
  }

  deflate(payload: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { allocate, gate, inside, scratch } = this.#shared;
    if (inside && payload.length <= AT_ONCE) return deflateInSteps(this.#steps, payload, scratch, allocate);
    this.#writer ??= new StreamWriter(this.#stream);
    const [writer, kept] = [this.#writer, keep(payload)];
    return gate.run(() => deflateByStream(writer, kept, allocate));
  }

  close(): void {
    this.#stream.destroy();
  }
}

function open({ windowBits, level, memLevel }: DeflateSettings): DeflateRaw {
  // Node makes 9 of 8, since zlib has no windows of 2^8 bytes. Of one of 2^9 bytes it uses 250.
  const stream = createDeflateRaw({ windowBits, level, memLevel, flush: constants.Z_SYNC_FLUSH });
  // An error shows in what is asked of it.
  return stream.on('error', () => {});
}

/** What stays as it is when the call has returned. */
function keep(payload: Uint8Array): Uint8Array {
  return payload.length <= AT_ONCE ? payload.slice() : payload;
}
