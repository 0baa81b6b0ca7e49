import type { Connection } from '../machine/connection.ts';
import { CHUNK_OVERHEAD } from '../machine/outbox.ts';
import { kindOf } from '../options/kind-of.ts';
import { isPromise } from '../promise.ts';
import { type SendCallback, SendCallbacks, type SendCallbacksEvents } from './send-callbacks.ts';
import type { Clock, Transport } from './transport.ts';

/** How a writer tells its owner, a driver, of its progress. */
export interface WriterEvents extends SendCallbacksEvents {
  /** Bytes have been handed to the transport. */
  taken(): void;
  /** The transport's `write` has thrown, or given what is no answer. */
  writeFailed(error: unknown): void;
  /**
   * Nothing is left to be encoded or written; called after each write, and each time that there was nothing to write.
   */
  idle(): void;
}

/** With this much output collected, in bytes, it is written without waiting for the end of the turn. */
const FLUSH_AT = 65_536;

/**
 * One write takes at most this many bytes: what it has taken cannot be recalled, and its end is a sign of life of the
 * peer.
 */
const WRITE_AT_MOST = 1_048_576;

/** Once the connection is closing, a write takes less: each is a step of a time limit, and our Close stands behind. */
const WRITE_AT_MOST_CLOSING = 65_536;

/** With this much waiting, in bytes, a sender should wait until it has been written. */
const HIGH_WATER = 65_536;

/**
 * Writes what is queued in one turn of the event loop in one write. One write is under way at a time; what is queued
 * meanwhile waits where it is.
 */
export class Writer {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #events: WriterEvents;

  #deferred = false;
  #stopped = false;
  /** Bytes that the transport is still writing. */
  #writing = 0;
  /** How many chunks more than one those bytes are. */
  #writingMore = 0;
  #written = 0;
  /** Made when the first `send` has a callback. */
  #callbacks: SendCallbacks | undefined;

  constructor(connection: Connection, transport: Transport, clock: Clock, events: WriterEvents) {
    this.#connection = connection;
    this.#transport = transport;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether no write is under way, and none will follow by itself. */
  get atRest(): boolean {
    return !this.#deferred && this.#writing === 0;
  }

  /** How many bytes are being encoded, queued or under way. */
  get bufferedAmount(): number {
    return this.#connection.pendingBytes + this.#connection.queuedBytes + this.#writing;
  }

  /** About how many bytes of memory those cost beside themselves. */
  get overhead(): number {
    return this.#connection.overhead + this.#writingMore * CHUNK_OVERHEAD;
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
    this.#callbacks?.encoded(this.#connection.pendingSends, this.end);
    if (this.#writing > 0) this.#connection.unshare();
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

  /** Writes what is queued now; its callbacks are called after this call. */
  flush(): void {
    this.#flush(true);
  }

  /** A `send` has been taken: much is written at once, and `callback` is called when its bytes have been. */
  submitted(callback: SendCallback | undefined): void {
    if (callback !== undefined) this.#toCall().wait(callback, this.end);
    if (this.#connection.queuedBytes >= FLUSH_AT) this.#flush(true);
  }

  /** A `send` has been taken whose bytes are not known yet: `callback` is called when they have been written. */
  pending(callback: SendCallback | undefined): void {
    this.#toCall().pend(callback);
  }

  /** A `send` has queued nothing: `callback` is told why, after it has returned. */
  refused(callback: SendCallback, error: Error): void {
    this.#toCall().settleSoon([callback], error);
  }

  /** Drops what can be dropped, and tells its callbacks why. */
  recall(error: Error): void {
    this.#connection.recall();
    this.#callbacks?.recalled(this.end, error);
  }

  /** The write that was under way is done. */
  done(): void {
    if (this.#stopped) return;
    if (this.#transport.copies === true) this.#connection.giveBack();
    this.#advance(false);
    this.#flush();
  }

  /** Writes nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  /** The transport is gone: nothing more is written, and the callbacks of what was not written are told why. */
  lost(why: () => Error): void {
    this.#stopped = true;
    this.#writing = 0;
    this.#writingMore = 0;
    this.#callbacks?.lost(why);
  }

  /** @param tellLater whether nobody is to be told before the call that this is part of has returned */
  #flush(tellLater = false): void {
    while (!this.#stopped && this.#writing === 0 && this.#connection.queuedBytes > 0) {
      const chunks = this.#connection.take(this.#connection.state === 'open' ? WRITE_AT_MOST : WRITE_AT_MOST_CLOSING);
      for (const { length } of chunks) this.#writing += length;
      this.#writingMore = chunks.length - 1;
      const done = this.#write(chunks);
      this.#events.taken();
      if (!done) return;
      if (this.#transport.copies === true) this.#connection.giveBack();
      this.#advance(tellLater);
    }
    if (!this.#stopped && this.bufferedAmount === 0 && !tellLater) this.#events.idle();
  }

  #write(chunks: readonly Uint8Array[]): boolean {
    try {
      const done: unknown = this.#transport.write(chunks);
      if (typeof done === 'boolean') return done;
      if (done !== undefined) refuseAnswer(done);
      return false;
    } catch (error) {
      // A write that has begun and never ends: all that follows would wait behind it.
      this.stop();
      this.#events.writeFailed(error);
      return false;
    }
  }

  /** Counts what was under way as written. */
  #advance(tellLater: boolean): void {
    this.#written += this.#writing;
    this.#writing = 0;
    this.#writingMore = 0;
    this.#callbacks?.written(this.#written, tellLater);
  }

  /** How many bytes have been written since the start. */
  get written(): number {
    return this.#written;
  }

  /** How many bytes will have been written since the start once what is queued now has been. */
  get end(): number {
    return this.#written + this.#writing + this.#connection.queuedBytes;
  }

  #toCall(): SendCallbacks {
    this.#callbacks ??= new SendCallbacks(this.#clock, this.#events);
    return this.#callbacks;
  }
}

/**
 * A promise would count as true: the bytes as written, and their memory as free, while they are being written.
 *
 * @throws TypeError
 */
function refuseAnswer(done: unknown): never {
  // It may be rejected, and nobody else looks at it.
  if (isPromise(done)) Promise.resolve(done).catch(() => {});
  const got = isPromise(done) ? 'a promise' : kindOf(done);
  throw new TypeError(
    `transport.write must return true or false, got ${got}: return false, and call driver.written() when it is done`,
  );
}
