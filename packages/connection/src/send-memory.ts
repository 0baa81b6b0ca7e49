const SLAB_BYTES = 65_536;

/**
 * Memory for frames on their way out: a slab of 64 KiB that is filled once and then left to whoever still writes it. One
 * may serve any number of connections, so that an idle one holds none; frames that a connection queues in one turn
 * lie side by side, and leave as one chunk.
 */
export class SendMemory {
  /** Where the next frame goes: `slab[used, ...)`. */
  slab: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  used = 0;

  /** Sees to it that `length` bytes, at most 64 KiB, are free in the slab from `used` on. */
  reserve(length: number): void {
    if (this.used + length <= this.slab.length) return;
    this.slab = new Uint8Array(SLAB_BYTES);
    this.used = 0;
  }
}
