import type { Connection, ConnectionOptions } from '../machine/connection.ts';
import type { DriverLimits, Overflow } from './driver-limits.ts';
import type { Heartbeat, HeartbeatOptions } from './heartbeat.ts';
import type { Clock, Transport } from './transport.ts';

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

/** The transport and the clock that a `Driver` joins, its handler, and the options of the {@link Connection} inside. */
export interface DriverOptions extends Omit<ConnectionOptions, 'sink'>, DriverLimits {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly handler: DriverHandler;
  /**
   * Finds out that the peer is gone without a word: a {@link Heartbeat}, which many drivers may share, or the options
   * of one of its own. Its pongs are not told to the handler. Default: false, none.
   */
  readonly heartbeat?: Heartbeat | HeartbeatOptions | false | undefined;
}
