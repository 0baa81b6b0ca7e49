import { NotSentError } from './not-sent-error.ts';
import type { Clock, Transport } from './transport.ts';

/** Is told when the bytes of a `send` have been written, or why they never will be. */
export type SendCallback = (error?: Error) => void;

/** What waits to be written: a connection. */
export interface Output {
  readonly state: 'open' | 'closing' | 'closed';
  readonly queuedBytes: number;
  /** What is still being encoded: so many sends, whose bytes are queued after those that are queued now. */
  readonly pendingSends: number;
  readonly pendingBytes: number;
  take(maxBytes: number): Uint8Array[];
  /** What was taken last has been copied. */
  giveBack(): void;
  /** Drops what is pending, and of what is queued the frames of which nothing was taken. */
  recall(): void;
  drop(): void;
}

/** Who hears of the progress. */
export interface WriterEvents {
  /** Bytes have been handed to the transport. */
  taken(): void;
  /** Nothing is left to be encoded or written; called after each write, and each time that there was nothing to write. */
  idle(): void;
  /** The bytes of earlier sends have been written, or will not be: call whoever waits. */
  settled(callbacks: readonly SendCallback[], error: Error | undefined): void;
}

/** So much collected output does not wait for the end of the turn, in bytes. */
const FLUSH_AT = 65_536;

/** What one write takes at the most, in bytes: what it has taken cannot be recalled, and its end is a sign of life of the peer. */
const WRITE_AT_MOST = 1_048_576;

/** The same once the connection is closing: each is a step of a time limit, and our Close stands behind them. */
const WRITE_AT_MOST_CLOSING = 65_536;

/** With so much waiting to be written, in bytes, a sender should wait until it has been. */
const HIGH_WATER = 65_536;

/**
 * Writes what is queued in one turn of the event loop in one write. One write is under way at a time; what is queued
 * meanwhile waits where it is.
 */
export class Writer {
  readonly #output: Output;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #events: WriterEvents;

  #deferred = false;
  #stopped = false;
  /** Bytes that the transport is still writing. */
  #writing = 0;
  /** Bytes that have been written since the start. */
  #written = 0;
  /** Who waits for a send that is still being encoded, in order. */
  readonly #pending: (SendCallback | undefined)[] = [];
  /** Who waits until so many bytes have been written since the start. */
  readonly #waiting: { readonly callback: SendCallback; readonly until: number }[] = [];
  /** Who is to be called next, in this order; not before `send` has returned. */
  #due: { readonly callbacks: readonly SendCallback[]; readonly error: Error | undefined }[] = [];

  constructor(output: Output, transport: Transport, clock: Clock, events: WriterEvents) {
    this.#output = output;
    this.#transport = transport;
    this.#clock = clock;
    this.#events = events;
  }

  /** How many bytes are being encoded, queued or under way. */
  get bufferedAmount(): number {
    return this.#output.pendingBytes + this.#output.queuedBytes + this.#writing;
  }

  /** Whether the transport is still writing. */
  get writing(): boolean {
    return this.#writing > 0;
  }

  get full(): boolean {
    return this.bufferedAmount >= HIGH_WATER;
  }

  /** Something was queued: it is written when the turn is over. */
  queued(): void {
    while (this.#pending.length > this.#output.pendingSends) this.#await(this.#pending.shift());
    this.flushSoon();
  }

  /** Writes what is queued when the turn is over. */
  flushSoon(): void {
    if (this.#deferred || this.#writing > 0) return;
    this.#deferred = true;
    this.#clock.defer(() => {
      this.#deferred = false;
      this.#flush();
    });
  }

  /** Writes what is queued now; whoever waits for it is told after the call. */
  flush(): void {
    this.#flush(true);
  }

  /** A `send` has been taken: much is written at once, and `callback` is called when its bytes have been. */
  submitted(callback: SendCallback | undefined): void {
    this.#await(callback);
    if (this.#output.queuedBytes >= FLUSH_AT) this.#flush(true);
  }

  /** As {@link submitted}, where the bytes are not known yet. */
  pending(callback: SendCallback | undefined): void {
    this.#pending.push(callback);
  }

  /** A `send` has queued nothing: `callback` is told why, after it has returned. */
  refused(callback: SendCallback, error: Error): void {
    this.#settleSoon([callback], error);
  }

  /** Drops what can be dropped, and tells whoever waits for it why. */
  recall(error: Error): void {
    this.#output.recall();
    const left = this.#written + this.#writing + this.#output.queuedBytes;
    const kept = this.#waiting.filter(({ until }) => until <= left).length;
    for (const callback of this.#pending.splice(0))
      if (callback !== undefined) this.#waiting.push({ callback, until: 0 });
    const recalled = this.#waiting.splice(kept).map(({ callback }) => callback);
    if (recalled.length > 0) this.#settleSoon(recalled, error);
  }

  /** The write that was under way is done. */
  done(): void {
    if (this.#stopped) return;
    if (this.#transport.copies === true) this.#output.giveBack();
    this.#advance(false);
    this.#flush();
  }

  /** Writes nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** What was not written never will be: drops it, and tells whoever waits why. */
  abandon(why: () => Error): void {
    this.#stopped = true;
    for (const callback of this.#pending.splice(0)) this.#await(callback);
    // Whoever keeps the connection should not keep its output.
    this.#output.drop();
    this.#writing = 0;
    if (this.#waiting.length > 0) {
      const cause = why();
      const error = new NotSentError('ended', cause.message, cause);
      this.#due.push({ callbacks: this.#waiting.splice(0).map(({ callback }) => callback), error });
    }
    this.#settle();
  }

  #flush(insideSend = false): void {
    while (!this.#stopped && this.#writing === 0 && this.#output.queuedBytes > 0) {
      const chunks = this.#output.take(this.#output.state === 'open' ? WRITE_AT_MOST : WRITE_AT_MOST_CLOSING);
      for (const { length } of chunks) this.#writing += length;
      const done = this.#transport.write(chunks);
      this.#events.taken();
      if (!done) return;
      if (this.#transport.copies === true) this.#output.giveBack();
      this.#advance(insideSend);
    }
    if (!this.#stopped && this.bufferedAmount === 0 && !insideSend) this.#events.idle();
  }

  /** All that is queued now has to be written before `callback` is called. */
  #await(callback: SendCallback | undefined): void {
    if (callback === undefined) return;
    this.#waiting.push({ callback, until: this.#written + this.#writing + this.#output.queuedBytes });
  }

  /** What was under way has been written. */
  #advance(insideSend: boolean): void {
    this.#written += this.#writing;
    this.#writing = 0;
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.until <= this.#written) count++;
    if (count === 0) return;
    const callbacks = this.#waiting.splice(0, count).map(({ callback }) => callback);
    if (insideSend) this.#settleSoon(callbacks, undefined);
    else {
      this.#due.push({ callbacks, error: undefined });
      this.#settle();
    }
  }

  #settleSoon(callbacks: readonly SendCallback[], error: Error | undefined): void {
    this.#due.push({ callbacks, error });
    this.#clock.defer(() => this.#settle());
  }

  #settle(): void {
    for (const { callbacks, error } of this.#due.splice(0)) this.#events.settled(callbacks, error);
  }
}
