import { checkBytes } from './check.ts';
import type { HandshakeError } from './error.ts';
import type { HeadKinds, HeadLimits, RequestHead, ResponseHead } from './head.ts';
import { HeadScanner, type Scanned } from './head-scanner.ts';

/** The result for all bytes so far: they are a head, the beginning of one, or none. */
export type ParsedHead<H> =
  /** `bytesRead` is where the head ends; what follows in `bytes` belongs to the WebSocket. */
  | { readonly head: H; readonly bytesRead: number }
  /** The head goes on after these bytes, and so far it is legal. */
  | { readonly needed: true }
  | { readonly error: HandshakeError };

/**
 * Parses the head of a request (RFC 9112, strictly) out of all that has arrived. Each call starts from the first byte:
 * for bytes that come in pieces use {@link HeadParser}. `bytes` are neither written nor kept.
 *
 * @throws TypeError or RangeError for illegal limits, and for no Uint8Array; never for what the bytes say.
 */
export function parseRequestHead(bytes: Uint8Array, limits?: HeadLimits): ParsedHead<RequestHead> {
  return parse('request', bytes, limits);
}

/**
 * Parses the head of a response, as {@link parseRequestHead} does: of the final one, or of a 101. Informational ones
 * before it (such as 103 Early Hints: RFC 9110, section 15.2) are skipped; `bytesRead` and the limit on bytes count
 * them as well.
 */
export function parseResponseHead(bytes: Uint8Array, limits?: HeadLimits): ParsedHead<ResponseHead> {
  return parse('response', bytes, limits);
}

function parse<K extends keyof HeadKinds>(kind: K, bytes: Uint8Array, limits?: HeadLimits): ParsedHead<HeadKinds[K]> {
  checkBytes('bytes', bytes);
  const scanner = new HeadScanner(kind, limits);
  const end = Math.min(bytes.length, scanner.maxHeadBytes);
  return scanner.scan(bytes, end, end < bytes.length) ?? { needed: true };
}

/** The result for the chunks: they were a head, or none. */
export type PushedHead<H> =
  /** `rest` is a view of the pushed chunk: the bytes after the head, untouched. */
  { readonly head: H; readonly rest: Uint8Array } | { readonly error: HandshakeError };

/**
 * Parses a head that arrives in chunks: the same result, and for an error the same offset, however it is cut. Time is
 * linear in the bytes; memory is at most twice what has arrived and at most `maxHeadBytes`. Informational responses are
 * passed over, as in {@link parseResponseHead}.
 */
export class HeadParser<K extends keyof HeadKinds> {
  readonly #scanner: HeadScanner<K>;
  #buffer: Uint8Array = new Uint8Array(0);
  #length = 0;
  #result: Scanned<K> | undefined;

  /** @throws TypeError or RangeError for illegal limits. */
  constructor(kind: K, limits?: HeadLimits) {
    this.#scanner = new HeadScanner(kind, limits);
  }

  /**
   * Takes the next bytes; they are neither written nor kept. Returns undefined while the head is incomplete, then the
   * head or the error once; after an error every further push returns that error.
   *
   * @throws TypeError for no Uint8Array, and when the head is already complete: bytes after it are not this parser's.
   */
  push(chunk: Uint8Array): PushedHead<HeadKinds[K]> | undefined {
    checkBytes('chunk', chunk);
    if (this.#result) {
      if ('error' in this.#result) return this.#result;
      throw new TypeError('push() after the head was complete: give these bytes to the reader of what follows');
    }
    const before = this.#length;
    const taken = Math.min(chunk.length, this.#scanner.maxHeadBytes - before);
    this.#append(chunk.subarray(0, taken));
    this.#result = this.#scanner.scan(this.#buffer, this.#length, taken < chunk.length);
    if (!this.#result) return undefined;
    this.#buffer = new Uint8Array(0);
    if ('error' in this.#result) return this.#result;
    return { head: this.#result.head, rest: chunk.subarray(this.#result.bytesRead - before) };
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(Math.max(length, this.#buffer.length * 2), this.#scanner.maxHeadBytes));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }
}
