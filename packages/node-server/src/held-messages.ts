import { type Driver, type Message, MessageQueue, PauseReason, type QueuedMessage } from '@ws/connection';
import { clock } from './runtime/clock.ts';

/** A WebSocket, as the messages that it holds see it. */
export interface Holder {
  /** Whether it has a listener for messages. */
  hears(): boolean;
  /** Whether the application has paused it. */
  isPaused(): boolean;
  /** Gives a message to the listeners. Must not throw. */
  deliver(message: QueuedMessage): void;
  /** Nothing is held any more. */
  emptied(): void;
}

/**
 * The messages of a connection that nobody has taken yet: those that come before the first listener, during a pause, or
 * between two turns of an iteration. With 64 KiB of them, reading stops.
 */
export class HeldMessages {
  readonly #holder: Holder;
  readonly #queue: MessageQueue<Buffer<ArrayBuffer>>;
  #delivering = false;
  /** Those without a listener are to be dropped: after this turn, or the next, if something has come since. */
  #dropping: 'no' | 'soon' | 'later' = 'no';

  constructor(holder: Holder, driver: Driver) {
    this.#holder = holder;
    this.#queue = new MessageQueue({
      pause: () => driver.pause(PauseReason.Queue),
      resume: () => driver.resume(PauseReason.Queue),
      taken: () => driver.taken(),
    });
  }

  /** How many are held. */
  get length(): number {
    return this.#queue.length;
  }

  /** Whether a loop is taking them one by one. */
  get iterated(): boolean {
    return this.#queue.iterating;
  }

  /** Whether anybody takes them, or will after a pause. */
  get wanted(): boolean {
    return this.#holder.hears() || this.iterated;
  }

  /** Holds a message. */
  push(payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    this.#queue.push(payload, isBinary);
  }

  /**
   * A loop over them, and over those that come.
   *
   * @param left called when the loop is over
   */
  iterate(left: () => void): AsyncIterableIterator<Message<Buffer<ArrayBuffer>>, void, void> {
    return this.#queue.iterate(left);
  }

  /** No more will come: loops end, or throw the cause. */
  end(cause: Error | undefined): void {
    this.#queue.end(cause);
  }

  /** Drops them. */
  clear(): void {
    this.#queue.clear();
  }

  /** Drops those that nobody wants: the peer's Close stands behind them. */
  dropUnwanted(): void {
    if (this.wanted) return;
    this.clear();
    this.#holder.emptied();
  }

  /**
   * Drops those that have come after the last listener has gone. The next one may be under way, as with `await
   * once(socket, 'message')`; if it is not there at the end of this turn of the event loop, they are lost. To wait
   * longer would stop the reading in the end, and with it pings and the peer's Close.
   */
  dropLater(): void {
    if (this.length === 0) return;
    if (this.#dropping !== 'no') {
      this.#dropping = 'later';
      return;
    }
    this.#dropping = 'soon';
    clock.defer(() => {
      const again = this.#dropping === 'later';
      this.#dropping = 'no';
      if (again) this.dropLater();
      else if (!this.#holder.isPaused()) this.dropUnwanted();
    });
  }

  /** Delivers them to listeners before what arrives, and not before the caller has gone on. */
  deliverSoon(): void {
    const holder = this.#holder;
    if (this.#delivering || this.length === 0 || !holder.hears()) return;
    this.#delivering = true;
    clock.defer(() => {
      this.#delivering = false;
      while (!holder.isPaused() && holder.hears()) {
        const message = this.#queue.shift();
        if (message === undefined) break;
        holder.deliver(message);
      }
      if (this.length === 0) holder.emptied();
      else this.dropLater();
    });
  }
}
