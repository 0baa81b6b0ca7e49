import type { ProtocolError } from '@ws/codec';

/** Where a `Connection` delivers to. State is written before it calls: a sink may call back, or throw. */
export interface ConnectionSink {
  /** A whole message; text has been checked to be UTF-8. The payload is the receiver's own. */
  message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void;
  /** A ping, which has been answered already. */
  ping(payload: Uint8Array<ArrayBuffer>): void;
  /** A pong, whether a ping of ours asked for it or not. */
  pong(payload: Uint8Array<ArrayBuffer>): void;
  /** The peer's Close, which has been answered if it came first. The connection is now closed. */
  close(code: number | undefined, reason: string): void;
  /**
   * The peer broke a rule. A Close with the error's code is queued, unless its stream has ended. The connection is now
   * closed.
   */
  violation(error: ProtocolError): void;
  /** Something was queued: call `take` before long. */
  output(): void;
  /**
   * The message that an extension was decoding waits to be delivered: call `receive`, with no bytes if there are none.
   */
  decoded(): void;
}
