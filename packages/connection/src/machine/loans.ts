import type { SendMemory, Slab } from './send-memory.ts';

/** A number of bytes of a slab, on their way out. */
interface Loan {
  readonly slab: Slab;
  readonly bytes: number;
}

/** How many bytes of which slabs some chunks have. The latest slab, mostly the only one, needs no record of its own. */
export class Loans {
  #slab: Slab | undefined;
  #bytes = 0;
  #earlier: Loan[] | undefined;

  add(slab: Slab, bytes: number): void {
    if (this.#slab !== slab) {
      if (this.#slab !== undefined) (this.#earlier ??= []).push({ slab: this.#slab, bytes: this.#bytes });
      this.#slab = slab;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
  }

  /** Whether all of it is of this slab. */
  areOf(slab: Slab): boolean {
    return this.#slab === undefined || (this.#slab === slab && this.#earlier === undefined);
  }

  has(chunk: Uint8Array): boolean {
    const isOfIt = (slab: Slab | undefined): boolean => slab?.bytes.buffer === chunk.buffer;
    return isOfIt(this.#slab) || (this.#earlier ?? []).some(({ slab }) => isOfIt(slab));
  }

  /** The chunks are not needed any more: their memory may be used again. */
  giveBack(memory: SendMemory): void {
    if (this.#slab === undefined) return;
    memory.giveBack(this.#slab, this.#bytes);
    if (this.#earlier !== undefined) for (const { slab, bytes } of this.#earlier) memory.giveBack(slab, bytes);
    this.forget();
  }

  /** Nothing will be given back: the memory of the chunks is not used again. */
  forget(): void {
    this.#slab = undefined;
    this.#earlier = undefined;
  }
}
