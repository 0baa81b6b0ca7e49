import { MAX_HEADER_BYTES } from '@ws/codec';
import { readInteger } from '../options/integer.ts';

const SLAB_BYTES = 65_536;

/** The first slab of one connection. */
const FIRST_SLAB_BYTES = 4096;

/**
 * Up to here, in bytes, a payload is always copied beside its header: cheaper than one more chunk to write, and the
 * caller may reuse it at once. An extension that encodes one later keeps a copy, therefore.
 */
export const COPY_UP_TO = 4096;

/** The options of a {@link SendMemory}. */
export interface SendMemoryOptions {
  /**
   * Up to here, in bytes, a payload is copied beside its header, from 4,096 to 65,522, as long as less than 64 KiB wait
   * for the same peer; a longer one that a server sends is a chunk of its own. Default: 4,096, for transports that
   * write many chunks in one call. Where each costs a call, or would be copied into fresh memory, more is faster.
   */
  readonly copyUpTo?: number | undefined;
}

/**
 * 24 spare slabs (1.5 MiB): what one turn sends to many. With a third of them, 50 connections sending 16 x 1 KiB a turn
 * lose a third of their throughput.
 */
const SPARE_SLABS = 24;

/**
 * A piece of memory, filled from its start.
 *
 * @internal
 */
export interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next frame goes: `bytes[used, ...)`. */
  used: number;
  /** How many of the bytes before that have been given back. */
  back: number;
}

/**
 * Memory for frames on their way out, in slabs of 64 KiB. One may serve any number of connections, so that an idle one
 * holds none; frames that a connection queues in one turn lie side by side, and leave as one chunk. A full slab is left
 * to those who still write it; once all of it has been given back it is used again.
 */
export class SendMemory {
  /**
   * Where the next frame goes.
   *
   * @internal
   */
  slab: Slab = { bytes: new Uint8Array(0), used: 0, back: 0 };
  /** Up to here, in bytes, a payload is copied beside its header: see {@link SendMemoryOptions.copyUpTo}. */
  readonly copyUpTo: number;
  readonly #spare: Slab[] = [];
  #slabBytes = SLAB_BYTES;

  /** @throws TypeError or RangeError for an option that is of the wrong kind */
  constructor(options: SendMemoryOptions = {}) {
    this.copyUpTo = readInteger(options.copyUpTo, 'copyUpTo', {
      default: COPY_UP_TO,
      min: COPY_UP_TO,
      max: SLAB_BYTES - MAX_HEADER_BYTES,
    });
  }

  /**
   * Makes memory for one connection, where little waits: the slabs begin small, and grow.
   *
   * @internal
   */
  static ofOne(): SendMemory {
    const memory = new SendMemory();
    memory.#slabBytes = FIRST_SLAB_BYTES;
    return memory;
  }

  /**
   * Makes sure that `length` bytes, at most 64 KiB, are free in the slab from `used` on.
   *
   * @internal
   */
  reserve(length: number): void {
    if (this.slab.used + length <= this.slab.bytes.length) return;
    this.slab = this.#spare.pop() ?? {
      bytes: new Uint8Array(Math.max(this.#slabBytes, length)),
      used: 0,
      back: 0,
    };
    if (this.#slabBytes < SLAB_BYTES) this.#slabBytes *= 2;
  }

  /**
   * Copies chunks, at most 64 KiB in all, into one.
   *
   * @internal
   */
  copyOf(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
    this.reserve(bytes);
    const { slab } = this;
    const start = slab.used;
    for (const chunk of chunks) {
      copy(slab.bytes, slab.used, chunk);
      slab.used += chunk.length;
    }
    return slab.bytes.subarray(start, slab.used);
  }

  /**
   * Takes this many bytes of a slab back, which have been copied to where they go.
   *
   * @internal
   */
  giveBack(slab: Slab, bytes: number): void {
    slab.back += bytes;
    if (slab.back < slab.used) return;
    slab.used = 0;
    slab.back = 0;
    if (slab !== this.slab && this.#spare.length < SPARE_SLABS) this.#spare.push(slab);
  }
}

/** Copies bytes to where there is room for them. */
export function copy(target: Uint8Array, at: number, source: Uint8Array): void {
  // A call into the engine costs more than a short loop.
  if (source.length <= 32) for (let i = 0; i < source.length; i++) target[at + i] = source[i]!;
  else target.set(source, at);
}
