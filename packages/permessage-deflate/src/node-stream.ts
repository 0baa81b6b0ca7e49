import type { DeflateRaw, InflateRaw } from 'node:zlib';
import type { Decoded } from '@ws/connection';
import type { Inflation } from './inflation.ts';
import { StreamSteps } from './node-steps.ts';
import { Pieces } from './pieces.ts';
import { endInSteps } from './stepwise.ts';
import { TAIL_BYTES } from './tail.ts';
import type { Allocate } from './zlib.ts';

/**
 * How much a trip to the thread pool brings back at the most, in bytes: Node's own 16 KiB cost a fifth of the speed at
 * 64 KiB a message. Memory that was not written to costs nothing yet.
 */
export const CHUNK_BYTES = 65_536;

/**
 * A zlib stream, made to flush after each write, that is used step by step, or in the thread pool, one write after
 * another.
 */
export class NodeStream extends StreamSteps {
  #ended = false;
  #listening = false;
  #pieces: Pieces | undefined;
  #maxLength = 0;
  #settle: ((outcome: number | 'failed' | 'too long') => void) | undefined;

  constructor(stream: DeflateRaw | InflateRaw) {
    super(stream);
    stream.on('error', () => this.#done('failed'));
  }

  /** Whether it can begin anew, by `reset`. */
  get usable(): boolean {
    return !this.#ended && !this.failed;
  }

  /**
   * Writes, in the thread pool, what does not change meanwhile.
   *
   * @param pieces get the output
   * @returns how much was read: less only if the zlib stream has ended. Then, and if it has failed or made more than
   *   `maxLength` bytes, this one is of no use any more
   */
  write(
    input: Uint8Array,
    pieces: Pieces,
    maxLength: number = Number.POSITIVE_INFINITY,
  ): Promise<number | 'failed' | 'too long'> {
    const { stream } = this;
    if (!this.usable) return Promise.resolve('failed');
    if (!this.#listening) stream.on('data', (chunk: Buffer) => this.#output(chunk));
    this.#listening = true;
    return new Promise((resolve) => {
      this.#pieces = pieces;
      this.#maxLength = maxLength;
      this.#settle = resolve;
      const before = stream.bytesWritten;
      stream.write(input, (error) => {
        const read = stream.bytesWritten - before;
        if (read < input.length) this.#ended = true;
        // Deno calls back without the error.
        this.#done(error || this.failed ? 'failed' : read);
      });
    });
  }

  /** Fails the write that is under way: a destroyed stream does not tell every error. */
  close(): void {
    this.#done('failed');
  }

  #output(chunk: Buffer): void {
    if (this.#pieces === undefined) return;
    this.#pieces.add(chunk);
    if (this.#pieces.length > this.#maxLength) this.#done('too long');
  }

  #done(outcome: number | 'failed' | 'too long'): void {
    this.#pieces = undefined;
    if (typeof outcome === 'string') this.stream.destroy();
    this.#settle?.(outcome);
    this.#settle = undefined;
  }
}

/** Streams that are alike, for messages that stand by themselves: as many as are in use at a time. */
export class StreamPool {
  readonly #open: () => NodeStream;
  readonly #idle: NodeStream[] = [];

  constructor(open: () => NodeStream) {
    this.#open = open;
  }

  /** One that has seen no message yet, or has forgotten all. */
  take(): NodeStream {
    return this.#idle.pop() ?? this.#open();
  }

  give(stream: NodeStream): void {
    if (stream.usable) {
      stream.reset();
      this.#idle.push(stream);
    } else stream.close();
  }
}

/** Compresses a message in the thread pool. Rejected if zlib fails. */
export async function deflateByStream(
  stream: NodeStream,
  payload: Uint8Array,
  allocate: Allocate,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = new Pieces(allocate);
  if ((await stream.write(payload, pieces)) !== payload.length) throw new Error('zlib has failed');
  return pieces.join(TAIL_BYTES);
}

/**
 * Decompresses a message in the thread pool, from where it is.
 *
 * @param first for what is left of it
 * @param renew gives another, after the end of a zlib stream
 * @param scratch memory for a step, if steps work
 */
export async function inflateByStream(
  inflation: Inflation,
  first: NodeStream,
  renew: () => NodeStream,
  scratch: Uint8Array<ArrayBuffer> | undefined,
): Promise<Decoded> {
  const { payload, pieces, maxLength } = inflation;
  let stream = first;
  for (;;) {
    const read = await stream.write(payload.subarray(inflation.at), pieces, maxLength);
    if (typeof read === 'string') return read === 'too long' ? 'message-too-big' : 'extension-data-illegal';
    inflation.at += read;
    if (inflation.at === payload.length) break;
    if (inflation.endStream()) return 'extension-data-illegal';
    stream = renew();
  }
  if (scratch !== undefined) return endInSteps(stream, inflation, scratch);
  const { tail } = inflation;
  const { length } = pieces;
  const read = await stream.write(tail, pieces, maxLength);
  if (typeof read === 'string' || pieces.length > length || !inflation.endsWith(read)) return 'extension-data-illegal';
  if (inflation.startsAnew(read)) renew();
  return pieces.join();
}
