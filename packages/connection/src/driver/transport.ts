/**
 * A stream of bytes in both directions, as a driver uses it. An adapter makes one of what its runtime has. None of its
 * methods calls the driver before it has returned.
 */
export interface Transport {
  /**
   * Whether bytes for which `write` returns true, or that `driver.written()` tells of, have been copied by then, to the
   * system for example, so that their memory may be used again. Default: false, since a stream may pass on what it is
   * given.
   */
  readonly copies?: boolean | undefined;
  /**
   * Writes chunks, in order, as one write if it can. They do not change until they have been written, and are not to be
   * changed: others may send the same.
   *
   * They are views of memory that is still in use around them. `postMessage` and `structuredClone` would copy all of
   * that, with what else was sent, also to others: give them a copy, `chunk.slice()` (of a Buffer,
   * `new Uint8Array(chunk)`).
   *
   * @returns true if the runtime is done with the bytes; if not, `driver.written()` is called once it is. A promise is
   *   no answer, and ends the connection
   * @throws what the connection is then terminated with
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Ends our half of the stream; the peer can go on. */
  end(): void;
  /** Ends both halves at once; `driver.lost()` follows, as after any end of both. */
  destroy(error?: Error | undefined): void;
  /** Stops calls of `driver.received()`, soon if not at once. */
  pause(): void;
  /** Takes a `pause` back. */
  resume(): void;
  /**
   * How many bytes of the write under way the runtime still has, if it can tell: that they become fewer shows a
   * heartbeat that the peer reads. Without it, only whole writes do.
   */
  unwritten?(): number;
}

/** Time, as a driver uses it. */
export interface Clock {
  /**
   * Calls back once, after `ms` milliseconds, unless the function that is returned was called before. After a block of
   * the event loop, what has been received should come first, where the runtime has a way: it may be what was waited for.
   */
  after(ms: number, callback: () => void): () => void;
  /** Calls back soon: when what runs now, and what else this turn of the event loop has to do, is done. */
  defer(callback: () => void): void;
}
