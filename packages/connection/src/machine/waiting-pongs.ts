/**
 * How many bytes of pongs wait in a queue of output that may never be empty. They are kept in two lots, each with its
 * end in the queue: a pong counts until its lot has been taken, and none is remembered by itself.
 */
export class WaitingPongs {
  #bytes = 0;
  /** How many bytes of the queue there are up to the end of this lot. */
  #until = 0;
  #laterBytes = 0;
  #laterUntil = 0;

  get bytes(): number {
    return this.#bytes + this.#laterBytes;
  }

  /** A pong was queued; `queuedBytes` wait now, of whatever kind. */
  add(bytes: number, queuedBytes: number): void {
    if (this.#bytes === 0) {
      this.#bytes = bytes;
      this.#until = queuedBytes;
    } else {
      this.#laterBytes += bytes;
      this.#laterUntil = queuedBytes;
    }
  }

  /** This many bytes were taken from the front of the queue. */
  taken(bytes: number): void {
    this.#until -= bytes;
    this.#laterUntil -= bytes;
    if (this.#until > 0) return;
    this.#bytes = this.#laterBytes;
    this.#until = this.#laterUntil;
    this.#laterBytes = 0;
    if (this.#until <= 0) this.#bytes = 0;
  }
}
