const SLAB_BYTES = 65_536;

/**
 * Memory for frames on their way out: a slab of 64 KiB. One may serve any number of connections, so that an idle one holds
 * none; frames that a connection queues in one turn lie side by side, and leave as one chunk. A full slab is left to whoever
 * still writes it, unless all of it has been given back.
 */
export class SendMemory {
  /** Where the next frame goes: `slab[used, ...)`. */
  slab: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  used = 0;
  /** How many of the bytes before `used` nobody needs any more. */
  #back = 0;

  /** Sees to it that `length` bytes, at most 64 KiB, are free in the slab from `used` on. */
  reserve(length: number): void {
    if (this.used + length <= this.slab.length) return;
    this.slab = new Uint8Array(SLAB_BYTES);
    this.used = 0;
    this.#back = 0;
  }

  /** So many bytes of a slab have been copied to where they go. Once that is so for all of them, they are used again. */
  giveBack(slab: Uint8Array, bytes: number): void {
    if (slab !== this.slab) return;
    this.#back += bytes;
    if (this.#back < this.used) return;
    this.used = 0;
    this.#back = 0;
  }
}
