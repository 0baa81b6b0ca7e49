import type { Extension } from '../machine/extension.ts';
import type { Overflow } from './driver-limits.ts';
import type { SharedDriverOptions } from './driver-settings.ts';
import type { Transport } from './transport.ts';

/**
 * The application, as a driver tells it what happens on its connection. A handler that throws closes its own connection
 * with 1011 and hears no more of the peer.
 */
export interface DriverHandler {
  /** A whole message; text has been checked to be UTF-8. The payload is the receiver's own. */
  message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void;
  /** A ping, which has been answered already. */
  ping(payload: Uint8Array<ArrayBuffer>): void;
  /** A pong, whether a ping of ours asked for it or not. */
  pong(payload: Uint8Array<ArrayBuffer>): void;
  /** After a `send` that returned false: all has been written. */
  drain(): void;
  /**
   * `maxBufferedAmount` was reached, and `policy` was followed. Called inside that `send`: the callback of what was
   * refused comes after it.
   */
  overflow?(policy: Overflow): void;
  /**
   * The transport is gone, for this cause as far as it is known: nothing can be sent, and what was read before is still
   * to be delivered. Not called where that is nothing.
   */
  lost?(cause: Error | undefined): void;
  /**
   * The end, once, last.
   *
   * @param code the code of the peer's Close; 1005 if it had none; 1006 if there was no Close, and then `cause` says why
   */
  close(code: number, reason: string, cause: Error | undefined): void;
  /** One of the above, or a callback of `send`, has thrown: rethrow it where only the process hears it. */
  thrown(error: unknown): void;
}

/** What each driver has for itself. */
export interface DriverParts {
  readonly transport: Transport;
  readonly handler: DriverHandler;
  /** The extensions that the handshake has agreed on, in its order. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
}

/** What a `Driver` joins, and what it may have in common with others, which `DriverSettings` reads once for many. */
export interface DriverOptions extends DriverParts, SharedDriverOptions {}
