const SLAB_BYTES = 65_536;

/**
 * So many slabs that nobody needs are kept for later, 1.5 MiB: what a turn of the event loop sends to many connections. With a third of
 * that, 50 connections that each send 16 messages of 1 KiB a turn do two thirds of the work.
 */
const SPARE_SLABS = 24;

/** A piece of memory, filled from its start. */
export interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the next frame goes: `bytes[used, ...)`. */
  used: number;
  /** How many of the bytes before that have been given back. */
  back: number;
}

/**
 * Memory for frames on their way out, in slabs of 64 KiB. One may serve any number of connections, so that an idle one holds
 * none; frames that a connection queues in one turn lie side by side, and leave as one chunk. A full slab is left to whoever
 * still writes it; once all of it has been given back it is used again.
 */
export class SendMemory {
  /** Where the next frame goes. */
  slab: Slab = { bytes: new Uint8Array(0), used: 0, back: 0 };
  readonly #spare: Slab[] = [];

  /** Sees to it that `length` bytes, at most 64 KiB, are free in the slab from `used` on. */
  reserve(length: number): void {
    if (this.slab.used + length <= this.slab.bytes.length) return;
    this.slab = this.#spare.pop() ?? { bytes: new Uint8Array(SLAB_BYTES), used: 0, back: 0 };
  }

  /** So many bytes of a slab have been copied to where they go: nobody needs them here any more. */
  giveBack(slab: Slab, bytes: number): void {
    slab.back += bytes;
    if (slab.back < slab.used) return;
    slab.used = 0;
    slab.back = 0;
    if (slab !== this.slab && this.#spare.length < SPARE_SLABS) this.#spare.push(slab);
  }
}
