import type { Allocate } from './zlib.ts';

/** A result that comes in pieces. */
export class Pieces {
  readonly #allocate: Allocate;
  readonly #pieces: Uint8Array[] = [];
  /** The only piece there is, if it is a result by itself. */
  #only: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a piece that does not change until they are joined. */
  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#only = undefined;
    this.#length += piece.length;
  }

  /** Adds bytes that will change. */
  addCopy(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const piece = this.#allocate(bytes.length);
    piece.set(bytes);
    const first = this.#pieces.length === 0;
    this.add(piece);
    if (first) this.#only = piece;
  }

  /** All of them but for a number of bytes at the end, in memory of its own. */
  join(without = 0): Uint8Array<ArrayBuffer> {
    if (this.#only !== undefined && without === 0) return this.#only;
    const whole = this.#allocate(this.#length - without);
    let at = 0;
    for (const piece of this.#pieces) {
      const room = whole.length - at;
      whole.set(piece.subarray(0, room), at);
      at += Math.min(piece.length, room);
    }
    return whole;
  }
}
