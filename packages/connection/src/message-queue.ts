import { decodeUtf8 } from '@ws/codec';

/** A message as an async iterator gives it: text as a string. */
export type Message<Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> =
  | { readonly data: string; readonly isBinary: false }
  | { readonly data: Bytes; readonly isBinary: true };

/** With so many bytes of messages waiting, reading stops: the amount that one read of a socket gives. */
const PAUSE_AT = 65_536;

/** ... and starts again when half of them have gone, so that it need not stop at every message. */
const RESUME_AT = PAUSE_AT / 2;

/** What an empty message costs beside its bytes, so that a flood of them counts as well. */
const ENTRY_BYTES = 64;

/** A message as it waits: text is still UTF-8. */
export interface QueuedMessage {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly isBinary: boolean;
}

/**
 * The messages that nobody has asked for yet: those that arrive before the first listener (row H18), and those that an
 * async iterator has not come to. It asks for a pause once 64 KiB wait, so that it never holds more than that and a message.
 */
export class MessageQueue<Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> {
  readonly #flow: { pause(): void; resume(): void };
  readonly #entries: QueuedMessage[] = [];
  #bytes = 0;
  #paused = false;
  #over = false;
  /** Loops that have begun and not ended. */
  #iterators = 0;
  #cause: Error | undefined;
  #waiting: (() => void)[] = [];

  /** @param flow stops and restarts the deliveries to `push` */
  constructor(flow: { pause(): void; resume(): void }) {
    this.#flow = flow;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#entries.length;
  }

  /** Puts a message behind those that wait. Its payload is given away. */
  push(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    this.#entries.push({ payload, isBinary });
    this.#bytes += payload.length + ENTRY_BYTES;
    if (this.#bytes >= PAUSE_AT && !this.#paused) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** Takes the message that has waited longest; undefined if none waits. */
  shift(): QueuedMessage | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    this.#bytes -= entry.payload.length + ENTRY_BYTES;
    if (this.#paused && this.#bytes <= RESUME_AT) {
      this.#paused = false;
      this.#flow.resume();
    }
    return entry;
  }

  /** Whether somebody is taking the messages one by one. */
  get iterating(): boolean {
    return this.#iterators > 0;
  }

  /** Drops what waits: nobody will ask for it. */
  clear(): void {
    while (this.shift() !== undefined);
  }

  /** Nothing will be pushed any more. An iterator that has come to the end then ends, or throws the cause. */
  end(cause: Error | undefined): void {
    this.#over = true;
    this.#cause = cause;
    this.#wake();
  }

  /**
   * The messages, in order: it waits for the next, ends on a clean close, and throws the cause of any other. Leaving the
   * loop early leaves the connection open, and later messages waiting.
   *
   * @param left called when the loop is over, however it was left
   */
  async *iterate(left?: () => void): AsyncGenerator<Message<Bytes>, void, void> {
    this.#iterators++;
    try {
      for (;;) {
        const entry = this.shift();
        if (entry !== undefined) {
          const { payload, isBinary } = entry;
          // The payload's class is the one that the adapter has given to the codec.
          yield isBinary ? { data: payload as Uint8Array as Bytes, isBinary } : { data: decodeUtf8(payload), isBinary };
          continue;
        }
        if (this.#over) {
          if (this.#cause !== undefined) throw this.#cause;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    } finally {
      this.#iterators--;
      left?.();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
