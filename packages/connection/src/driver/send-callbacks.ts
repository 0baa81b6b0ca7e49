import { Fifo } from '../fifo.ts';
import { NotSentError } from './not-sent-error.ts';
import type { Clock } from './transport.ts';

/** A function that is told when the bytes of a `send` have been written, or why they never will be. */
export type SendCallback = (error?: Error) => void;

/** The owner of the callbacks, a driver: it calls them, and handles what they throw. */
export interface SendCallbacksEvents {
  /** The bytes of earlier sends have been written, or will not be: call these. */
  settled(callbacks: readonly SendCallback[], error: Error | undefined): void;
}

interface Waiting {
  readonly callback: SendCallback;
  readonly until: number;
}

/**
 * The callbacks of sends. Each is called once and never before its `send` has returned; those of sends that were taken,
 * in their order.
 */
export class SendCallbacks {
  readonly #clock: Clock;
  readonly #events: SendCallbacksEvents;
  /** The callbacks of sends that are still being encoded, in order. */
  readonly #pending = new Fifo<SendCallback | undefined>();
  /** The callbacks that wait until this many bytes have been written since the start. */
  readonly #waiting: Waiting[] = [];
  /** The callbacks that are to be called next, in this order. */
  readonly #due: { readonly callbacks: readonly SendCallback[]; readonly error: Error | undefined }[] = [];

  constructor(clock: Clock, events: SendCallbacksEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** A send has been taken whose last byte will be the one before `until`, counted since the start. */
  wait(callback: SendCallback, until: number): void {
    this.#waiting.push({ callback, until });
  }

  /** A send has been taken that is still being encoded; it keeps its place even without a callback. */
  pend(callback: SendCallback | undefined): void {
    this.#pending.push(callback);
  }

  /** Only the last `left` sends are still being encoded; the others are queued, up to `until`. */
  encoded(left: number, until: number): void {
    while (this.#pending.length > left) {
      const callback = this.#pending.shift();
      if (callback !== undefined) this.wait(callback, until);
    }
  }

  /** This many bytes have been written since the start. */
  written(bytes: number, tellLater: boolean): void {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.until <= bytes) count++;
    if (count === 0) return;
    const callbacks = this.#takeWaiting(0, count);
    if (tellLater) this.settleSoon(callbacks, undefined);
    else {
      this.#due.push({ callbacks, error: undefined });
      this.#settle();
    }
  }

  /** All sends that end after these bytes were dropped. */
  recalled(after: number, error: Error): void {
    const kept = this.#waiting.filter(({ until }) => until <= after).length;
    this.encoded(0, 0);
    const recalled = this.#takeWaiting(kept, this.#waiting.length);
    if (recalled.length > 0) this.settleSoon(recalled, error);
  }

  /** The transport is gone: those who wait are told why, now. */
  lost(why: () => Error): void {
    this.encoded(0, 0);
    if (this.#waiting.length > 0) {
      const cause = why();
      const error = new NotSentError('ended', cause.message, cause);
      this.#due.push({ callbacks: this.#takeWaiting(0, this.#waiting.length), error });
    }
    this.#settle();
  }

  /** Calls callbacks when the turn is over. */
  settleSoon(callbacks: readonly SendCallback[], error: Error | undefined): void {
    this.#due.push({ callbacks, error });
    this.#clock.defer(() => this.#settle());
  }

  #takeWaiting(from: number, to: number): SendCallback[] {
    return this.#waiting.splice(from, to - from).map(({ callback }) => callback);
  }

  #settle(): void {
    for (const { callbacks, error } of this.#due.splice(0)) this.#events.settled(callbacks, error);
  }
}
