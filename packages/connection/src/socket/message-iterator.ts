import { decodeUtf8 } from '@ws/codec';
import type { Message, QueuedMessage } from './message.ts';

/** Where a loop takes its messages from. */
export interface MessageSource<Bytes extends Uint8Array> {
  /** Takes the message that has waited longest; undefined if none waits. */
  shift(): QueuedMessage | undefined;
  /** A loop has begun. */
  begin(): void;
  /** A loop that had begun is over, and waits no more. */
  leave(loop: MessageIterator<Bytes>): void;
  /** A loop waits, behind those that wait already: it is given a message, or told the end. */
  wait(loop: MessageIterator<Bytes>): void;
}

/** A call of `next` whose promise is still open. */
interface Waiting<Bytes extends Uint8Array> {
  readonly resolve: (result: IteratorResult<Message<Bytes>, void>) => void;
  readonly reject: (cause: Error) => void;
}

/**
 * A loop over messages, in order: it waits for the next, ends on a clean close, and throws the cause of any
 * other. Leaving it early leaves the connection open, and later messages waiting.
 *
 * An async generator would do the same in a third of the lines; each message would take two turns of the microtask
 * queue in place of one, and `return()` would wait for the next message.
 */
export class MessageIterator<Bytes extends Uint8Array> implements AsyncIterableIterator<Message<Bytes>, void, void> {
  readonly #source: MessageSource<Bytes>;
  readonly #left: (() => void) | undefined;
  #state: 'new' | 'begun' | 'over' = 'new';
  #waiting: Waiting<Bytes>[] = [];

  /** @param left called when the loop is over, however it was left */
  constructor(source: MessageSource<Bytes>, left: (() => void) | undefined) {
    this.#source = source;
    this.#left = left;
  }

  /** The loop itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next message. */
  next(): Promise<IteratorResult<Message<Bytes>, void>> {
    if (this.#state === 'over') return Promise.resolve(over());
    if (this.#state === 'new') {
      this.#state = 'begun';
      this.#source.begin();
    }
    const entry = this.#source.shift();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (entry !== undefined) this.give(entry);
      else this.#source.wait(this);
    });
  }

  /** Leaves the loop. A `next` that waits is told that it is over. */
  return(): Promise<IteratorResult<Message<Bytes>, void>> {
    this.end(undefined);
    return Promise.resolve(over());
  }

  /** Leaves the loop with an error. */
  throw(error: unknown): Promise<IteratorResult<Message<Bytes>, void>> {
    this.end(undefined);
    return Promise.reject(error);
  }

  /** Gives the first `next` that waits its message. Called by the source. */
  give(entry: QueuedMessage): void {
    let result: IteratorResult<Message<Bytes>, void>;
    try {
      result = resultOf<Bytes>(entry);
    } catch (error) {
      // A text over the longest string of the engine (section 5.6 has no limit) is the loop's matter, not the
      // connection's.
      this.end(error as Error);
      return;
    }
    this.#waiting.shift()!.resolve(result);
  }

  /**
   * Ends the loop: there will be no more messages. Called by the source. The cause is told to the first `next` that
   * waits, as a generator does.
   */
  end(cause: Error | undefined): void {
    if (this.#state === 'over') return;
    const begun = this.#state === 'begun';
    this.#state = 'over';
    const [first, ...others] = this.#waiting.splice(0);
    if (cause === undefined) first?.resolve(over());
    else first?.reject(cause);
    for (const { resolve } of others) resolve(over());
    if (!begun) return;
    this.#source.leave(this);
    this.#left?.();
  }
}

const over = (): { done: true; value: undefined } => ({ done: true, value: undefined });

function resultOf<Bytes extends Uint8Array>({
  payload,
  isBinary,
}: QueuedMessage): { done: false; value: Message<Bytes> } {
  // The payload's class is the one that the adapter has given to the codec.
  const data = payload as Uint8Array as Bytes;
  return { done: false, value: isBinary ? { data, isBinary } : { data: decodeUtf8(payload), isBinary } };
}
