import { CloseCode, decodeUtf8, encodeClose, isWireCloseCode } from '@ws/codec';
import type { Clock } from '../driver/transport.ts';
import { readMilliseconds } from '../integer.ts';
import { type Data, toBytes } from '../machine/data.ts';
import { isPromise } from '../promise.ts';
import type { Message } from './message.ts';

/**
 * What a hook decides on a message: true lets it through, false leaves it out, and data takes its place, a string as text,
 * anything else as binary. An error, thrown or by a promise, closes the connection: with the error's `closeCode` and message where it
 * has one, else with 1011.
 */
export type MessageVerdict = boolean | Data;

/** A connection, as its message hook sees it. */
export interface MessageHookHost<Bytes extends Uint8Array> {
  /** At once, or by a promise. */
  hook(message: Message<Bytes>): MessageVerdict | PromiseLike<MessageVerdict>;
  /** Deliveries stop, after the one that runs now. */
  pause(): void;
  /** They go on. */
  resume(): void;
  /** A message that was let through. Must not throw. */
  deliver(payload: Uint8Array, isBinary: boolean): void;
  /** The hook has failed: nothing more is let through, and the connection is to be closed. */
  failed(error: unknown, code: number, reason: string): void;
}

/**
 * Asks a hook about each message, in order: while it decides on one, nothing is read, so that what waits stays bounded, and
 * with the peer. Pings wait as well.
 */
export class MessageHook<Bytes extends Uint8Array = Uint8Array<ArrayBuffer>> {
  readonly #host: MessageHookHost<Bytes>;
  readonly #clock: Clock;
  readonly #timeout: number;
  #over = false;
  #stopTimer: (() => void) | undefined;

  /**
   * @param timeout how long it may decide on one message, in milliseconds, 0 to 2^31-1
   * @throws TypeError or RangeError for what is no time
   */
  constructor(host: MessageHookHost<Bytes>, clock: Clock, timeout: number) {
    this.#host = host;
    this.#clock = clock;
    if (timeout === undefined) throw new TypeError('a message hook must have a timeout, got undefined');
    this.#timeout = readMilliseconds(timeout, 'the timeout of a message hook', { default: 0 });
  }

  /** A message has come. Not to be called while deliveries are paused. */
  message(payload: Bytes, isBinary: boolean): void {
    if (this.#over) return;
    let verdict: MessageVerdict | PromiseLike<MessageVerdict>;
    let isLater: boolean;
    try {
      verdict = this.#host.hook(isBinary ? { data: payload, isBinary } : { data: decodeUtf8(payload), isBinary });
      isLater = isPromise(verdict);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isLater) this.#await(verdict as PromiseLike<MessageVerdict>, payload, isBinary);
    else this.#decide(verdict as MessageVerdict, payload, isBinary);
  }

  /** The connection is over: what is still decided is for nobody. */
  stop(): void {
    this.#over = true;
    this.#stopTimer?.();
  }

  #await(verdict: PromiseLike<MessageVerdict>, payload: Bytes, isBinary: boolean): void {
    this.#host.pause();
    const stopTimer = this.#clock.after(this.#timeout, () => {
      this.#fail(new Error(`the message hook has not decided for ${this.#timeout} ms`));
      this.#host.resume();
    });
    this.#stopTimer = stopTimer;
    const settle = (act: () => void): void => {
      // The time may be up, or the connection over.
      if (this.#over) return;
      stopTimer();
      act();
      this.#host.resume();
    };
    Promise.resolve(verdict).then(
      (decided) => settle(() => this.#decide(decided, payload, isBinary)),
      (error: unknown) => settle(() => this.#fail(error)),
    );
  }

  #decide(verdict: MessageVerdict, payload: Bytes, isBinary: boolean): void {
    if (verdict === false) return;
    if (verdict === true) {
      this.#host.deliver(payload, isBinary);
      return;
    }
    let changed: Uint8Array;
    try {
      changed = toBytes(verdict, 'what a message hook returns, where it is no boolean,');
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#host.deliver(changed, typeof verdict !== 'string');
  }

  #fail(error: unknown): void {
    this.#over = true;
    const { closeCode, message } = (error ?? {}) as { closeCode?: unknown; message?: unknown };
    const given = typeof closeCode === 'number' && isWireCloseCode(closeCode);
    const code = given ? closeCode : CloseCode.InternalError;
    // An error without a close code was not made for the peer: its message stays here.
    this.#host.failed(error, code, given && isReason(message) ? message : '');
  }
}

function isReason(message: unknown): message is string {
  try {
    encodeClose(CloseCode.Normal, message as string);
    return typeof message === 'string';
  } catch {
    return false;
  }
}
