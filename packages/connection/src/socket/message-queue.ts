import { checkMethods } from '../options/methods.ts';
import type { Message, QueuedMessage } from './message.ts';
import { MessageIterator } from './message-iterator.ts';

/** With this many bytes of messages waiting, reading stops: the amount that one read of a socket gives. */
const PAUSE_AT = 65_536;

/** Reading starts again when half of them have gone, so that it need not stop at every message. */
const RESUME_AT = PAUSE_AT / 2;

/**
 * An empty message costs this many bytes: its entry, its array and the memory of that. So a flood of them counts as
 * well.
 */
const ENTRY_OVERHEAD = 384;

/** What delivers messages to a queue. */
export interface MessageFlow {
  /** Stops the deliveries. */
  pause(): void;
  /** Restarts them. */
  resume(): void;
  /** While they are stopped: a message was taken, and more will have to be before they restart. */
  taken?(): void;
}

/**
 * The messages that the application has not asked for yet: those that arrive before the first listener, and those that
 * an async iterator has not come to. It asks for a pause once 64 KiB wait, so that it never holds more than that and a
 * message.
 */
export class MessageQueue<Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> {
  readonly #flow: MessageFlow;
  readonly #entries: QueuedMessage[] = [];
  #bytes = 0;
  #paused = false;
  #over = false;
  /** Loops that have begun and not ended. */
  #iterators = 0;
  #cause: Error | undefined;
  /**
   * The loops that wait for a message, first come, first served; one that has called `next` twice stands here twice.
   * While any is here, `#entries` is empty.
   */
  #waiting: MessageIterator<Bytes>[] = [];

  /**
   * @param flow the deliveries to `push`
   * @throws TypeError if it lacks one of its methods
   */
  constructor(flow: MessageFlow) {
    checkMethods(flow, 'flow', ['pause', 'resume']);
    this.#flow = flow;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#entries.length;
  }

  /** Puts a message behind those that wait. Its payload is given away. */
  push(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    const entry = { payload, isBinary };
    if (this.#waiting.length > 0) {
      this.#waiting.shift()!.give(entry);
      return;
    }
    this.#entries.push(entry);
    this.#bytes += payload.length + ENTRY_OVERHEAD;
    if (this.#bytes >= PAUSE_AT && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
  }

  /** Takes the message that has waited longest; undefined if none waits. */
  shift(): QueuedMessage | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    this.#bytes -= entry.payload.length + ENTRY_OVERHEAD;
    if (this.#paused) {
      if (this.#bytes <= RESUME_AT) {
        this.#paused = false;
        this.#flow.resume();
      } else this.#flow.taken?.();
    }
    return entry;
  }

  /** Whether a loop is taking the messages one by one. */
  get iterating(): boolean {
    return this.#iterators > 0;
  }

  /** Drops the messages that wait. */
  clear(): void {
    while (this.shift() !== undefined);
  }

  /** Nothing will be pushed any more. An iterator that has come to the end then ends, or throws the cause. */
  end(cause: Error | undefined): void {
    this.#over = true;
    this.#cause = cause;
    for (const loop of this.#waiting.splice(0)) loop.end(cause);
  }

  /**
   * A loop over the messages, in order: it waits for the next, ends on a clean close, and throws the cause of any
   * other. It has begun once its first message was asked for.
   *
   * @param left called when the loop is over, however it was left
   */
  iterate(left?: () => void): Required<AsyncIterableIterator<Message<Bytes>, void, void>> {
    return new MessageIterator(this, left);
  }

  /** @internal */
  begin(): void {
    this.#iterators++;
  }

  /** @internal */
  leave(loop: MessageIterator<Bytes>): void {
    this.#iterators--;
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((other) => other !== loop);
  }

  /** @internal */
  wait(loop: MessageIterator<Bytes>): void {
    if (this.#over) loop.end(this.#cause);
    else this.#waiting.push(loop);
  }
}
