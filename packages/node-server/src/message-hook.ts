import { inspect, types } from 'node:util';
import { CloseCode, decodeUtf8, isWireCloseCode, MAX_REASON_BYTES } from '@ws/codec';
import { type Data, isPromise, type Message, toBytes } from '@ws/connection';
import { clock } from './runtime/clock.ts';

/**
 * What a hook decides on a message: true lets it through, false leaves it out, and data takes its place, a string as
 * text, anything else as binary. An error, thrown or by a promise, closes the connection: with the error's `closeCode`
 * and message where it has one, else with 1011.
 */
export type MessageVerdict = boolean | Data;

/** A hook of the application, and its time. */
export interface MessageHookSettings {
  /** Answers at once, or by a promise. A method to TypeScript, so that a function that wants a `WebSocket` is one. */
  ask(message: Message<Buffer<ArrayBuffer>>, socket: object): MessageVerdict | PromiseLike<MessageVerdict>;
  /** How long the hook may decide on one message, in milliseconds. */
  readonly timeout: number;
}

/** A connection, as its message hook sees it. */
export interface MessageHookHost {
  /** Asks the application. */
  ask(message: Message<Buffer<ArrayBuffer>>): MessageVerdict | PromiseLike<MessageVerdict>;
  /** Stops deliveries, after the one that runs now. */
  pause(): void;
  /** Goes on with deliveries. */
  resume(): void;
  /** Delivers a message that was let through. Must not throw. */
  deliver(payload: Buffer<ArrayBuffer>, isBinary: boolean): void;
  /** The hook has failed: nothing more is let through, and the connection is to be closed. */
  failed(cause: Error, code: number, reason: string): void;
}

/**
 * Asks a hook about each message, in order: while it decides on one, nothing is read, so that what waits stays bounded,
 * and with the peer. Pings wait as well.
 */
export class MessageHook {
  readonly #host: MessageHookHost;
  readonly #timeout: number;
  #over = false;
  #stopTimer: (() => void) | undefined;

  /** @param timeout as in {@link MessageHookSettings} */
  constructor(host: MessageHookHost, timeout: number) {
    this.#host = host;
    this.#timeout = timeout;
  }

  /** Takes a message that has come. Not to be called while deliveries are paused. */
  message(payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    if (this.#over) return;
    let verdict: MessageVerdict | PromiseLike<MessageVerdict>;
    let isLater: boolean;
    try {
      verdict = this.#host.ask(isBinary ? { data: payload, isBinary } : { data: decodeUtf8(payload), isBinary });
      isLater = isPromise(verdict);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isLater) this.#await(verdict as PromiseLike<MessageVerdict>, payload, isBinary);
    else this.#decide(verdict as MessageVerdict, payload, isBinary);
  }

  /** Stops, since the connection is over: what is still decided has no effect. */
  stop(): void {
    this.#over = true;
    this.#stopTimer?.();
  }

  #await(verdict: PromiseLike<MessageVerdict>, payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    this.#host.pause();
    const stopTimer = clock.after(this.#timeout, () => {
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

  #decide(verdict: MessageVerdict, payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
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
    this.#host.deliver(asBuffer(changed), typeof verdict !== 'string');
  }

  #fail(error: unknown): void {
    this.#over = true;
    const { closeCode, message } = (error ?? {}) as { closeCode?: unknown; message?: unknown };
    const given = typeof closeCode === 'number' && isWireCloseCode(closeCode);
    const code = given ? closeCode : CloseCode.InternalError;
    // An error without a close code was not made for the peer: its message stays here.
    // Of another realm, an error is no Error of ours.
    const isError = error instanceof Error || types.isNativeError(error);
    const cause = isError ? error : new Error(`the message hook has thrown ${inspect(error)}`, { cause: error });
    this.#host.failed(cause, code, given && typeof message === 'string' ? reasonOf(message) : '');
  }
}

/** Cuts a message to what a Close has room for, in whole characters. */
function reasonOf(message: string): string {
  const bytes = Buffer.from(message);
  let end = Math.min(bytes.length, MAX_REASON_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** Makes a Buffer of bytes, without a copy. */
function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  if (Buffer.isBuffer(bytes)) return bytes as Buffer<ArrayBuffer>;
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}
