import type { DeflateRaw, InflateRaw } from 'node:zlib';
import type { Decoded } from '@ws/connection';
import type { Inflation } from './inflation.ts';
import { Pieces } from './pieces.ts';
import { TAIL_BYTES } from './tail.ts';
import type { Allocate } from './zlib.ts';

/** A zlib stream, made to flush after each write, that works in the thread pool: one write after another. */
export class StreamWriter {
  readonly stream: DeflateRaw | InflateRaw;
  #pieces: Pieces | undefined;
  #maxLength = 0;
  #settle: ((outcome: number | 'failed' | 'too long') => void) | undefined;

  constructor(stream: DeflateRaw | InflateRaw) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#pieces?.add(chunk);
      if (this.#pieces !== undefined && this.#pieces.length > this.#maxLength) this.#done('too long');
    });
    stream.on('error', () => this.#done('failed'));
  }

  /**
   * Writes what may not change meanwhile.
   *
   * @param pieces get the output
   * @returns how much was read, which is less only if the stream has ended; then, and if it has failed or made more than
   *   `maxLength` bytes, it is of no use any more
   */
  write(
    input: Uint8Array,
    pieces: Pieces,
    maxLength: number = Number.POSITIVE_INFINITY,
  ): Promise<number | 'failed' | 'too long'> {
    if (this.stream.destroyed) return Promise.resolve('failed');
    return new Promise((resolve) => {
      this.#pieces = pieces;
      this.#maxLength = maxLength;
      this.#settle = resolve;
      const before = this.stream.bytesWritten;
      this.stream.write(input, (error) => this.#done(error ? 'failed' : this.stream.bytesWritten - before));
    });
  }

  #done(outcome: number | 'failed' | 'too long'): void {
    this.#pieces = undefined;
    if (typeof outcome === 'string') this.stream.destroy();
    this.#settle?.(outcome);
    this.#settle = undefined;
  }
}

/** Compresses a message in the thread pool. Rejected if zlib fails. */
export async function deflateByStream(
  writer: StreamWriter,
  payload: Uint8Array,
  allocate: Allocate,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = new Pieces(allocate);
  const read = await writer.write(payload, pieces);
  if (read !== payload.length) throw new Error('zlib has failed');
  return pieces.join(TAIL_BYTES);
}

/**
 * Decompresses a message in the thread pool, from where it is.
 *
 * @param writer for what is left of it
 * @param renew makes a new one, after the end of a stream
 */
export async function inflateByStream(
  inflation: Inflation,
  writer: StreamWriter,
  renew: () => StreamWriter,
): Promise<Decoded> {
  const { payload, tail, pieces, maxLength } = inflation;
  let current = writer;
  for (;;) {
    const read = await current.write(payload.subarray(inflation.at), pieces, maxLength);
    if (typeof read === 'string') return read === 'too long' ? 'message-too-big' : 'extension-data-illegal';
    inflation.at += read;
    if (inflation.at === payload.length) break;
    if (inflation.endStream()) return 'extension-data-illegal';
    current = renew();
  }
  const { length } = pieces;
  const read = await current.write(tail, pieces, maxLength);
  if (typeof read === 'string' || pieces.length > length || !inflation.endsWith(read)) return 'extension-data-illegal';
  if (inflation.takeover && read < tail.length) renew();
  return pieces.join();
}
