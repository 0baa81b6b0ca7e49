import { DEFAULT_MAX_MESSAGE_PAYLOAD } from '@ws/codec';
import type { Heartbeat } from './heartbeat.ts';
import { readInteger, readMilliseconds } from './integer.ts';
import { type Overflow, readMaxBufferedAmount, readOverflow } from './output-limit.ts';
import { type HeartbeatSettings, readHeartbeat } from './read-heartbeat.ts';
import type { Clock } from './transport.ts';

/** What the owner of a server says of its connections, in whatever runtime it listens. */
export interface ServerConnectionOptions {
  /**
   * The longest message taken, in bytes, 0 to 2^53-1; over it, the connection closes with 1009 before the payload has come.
   * Default: 16 MiB, the longest that conformance suites send. Set it to what the application needs.
   */
  readonly maxPayload?: number | undefined;
  /**
   * How long a client that should end its stream is waited for, in milliseconds, before the connection is destroyed. Default:
   * 1000, ample for a packet and back.
   */
  readonly closeTimeout?: number | undefined;
  /**
   * How long a client may take to answer our Close, in milliseconds; then the connection is destroyed. A client that goes on taking what
   * stands before the Close, 16 KiB at a time on Node and else 64 KiB, gets that time anew. Default: 10,000, since a Close may stand behind
   * messages that are on their way.
   */
  readonly closeReplyTimeout?: number | undefined;
  /**
   * Pings a client from which nothing has come for `interval` milliseconds, and ends the connection after `timeout` more of
   * them in silence; false: never. Default: 30,000 and 20,000, so that proxies that cut a silent connection after a
   * minute do not.
   */
  readonly heartbeat?: HeartbeatSettings | boolean | undefined;
  /**
   * Closes a connection with 1001 on which no message has come or gone for so long, in milliseconds, from 1 on; pings and pongs do
   * not count. Default: false, never: a client that only waits for news is a good client.
   */
  readonly idleTimeout?: number | false | undefined;
  /**
   * Once this many bytes wait for a client, `overflow` decides what a further `send`, `ping` or `pong` does; the message that crosses the
   * limit is still taken. From 1 on. Default: 64 MiB, four messages of the longest that are taken: a client so far behind does better to
   * come again.
   */
  readonly maxBufferedAmount?: number | undefined;
  /**
   * What becomes of a message then. 'close': it is refused, what waits is dropped, and the connection closes with 1013. 'drop': it is
   * refused. 'wait': it is taken, and the client is not read until all has been written. Default: 'close', which bounds memory and
   * loses nothing unseen.
   */
  readonly overflow?: Overflow | undefined;
}

/** The same, validated, with the defaults. */
export interface ServerConnectionSettings {
  readonly maxPayload: number;
  readonly closeTimeout: number;
  readonly closeReplyTimeout: number;
  /** For all connections; undefined for none. */
  readonly heartbeat: Heartbeat | undefined;
  readonly maxBufferedAmount: number;
  readonly overflow: Overflow;
}

/** @throws TypeError for an option of another type; RangeError for a number out of range */
export function readServerConnection(options: ServerConnectionOptions, clock: Clock): ServerConnectionSettings {
  return {
    maxPayload: readInteger(options.maxPayload, 'maxPayload', Number.MAX_SAFE_INTEGER, DEFAULT_MAX_MESSAGE_PAYLOAD),
    closeTimeout: readMilliseconds(options.closeTimeout, 'closeTimeout', 1000),
    closeReplyTimeout: readMilliseconds(options.closeReplyTimeout, 'closeReplyTimeout', 10_000),
    heartbeat: readHeartbeat(clock, options.heartbeat, options.idleTimeout),
    maxBufferedAmount: readMaxBufferedAmount(options.maxBufferedAmount),
    overflow: readOverflow(options.overflow),
  };
}
