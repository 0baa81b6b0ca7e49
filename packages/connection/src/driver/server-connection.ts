import { DEFAULT_MAX_MESSAGE_PAYLOAD } from '@ws/codec';
import { readInteger } from '../options/integer.ts';
import { type DriverLimitSettings, type DriverLimits, readDriverLimits } from './driver-limits.ts';
import type { Heartbeat } from './heartbeat.ts';
import { type HeartbeatSettings, readHeartbeat } from './read-heartbeat.ts';
import type { Clock } from './transport.ts';

/** What the owner of a server says of its connections, in whatever runtime it listens. */
export interface ServerConnectionOptions extends DriverLimits {
  /**
   * The longest message taken, in bytes, 0 to 2^53-1; over it, the connection closes with 1009 before the payload has
   * come. Default: 16 MiB, the longest that conformance suites send. Set it to what the application needs.
   */
  readonly maxPayload?: number | undefined;
  /**
   * Pings a client from which nothing has come for `interval` milliseconds, and ends the connection after `timeout`
   * more of them in silence; false: never. Default: 30,000 and 20,000, so that proxies that cut a silent connection
   * after a minute do not.
   */
  readonly heartbeat?: HeartbeatSettings | boolean | undefined;
  /**
   * Closes a connection with 1001 on which no message has come or gone for this long, in milliseconds, from 1 on; pings
   * and pongs do not count. Default: false, never: a client that only waits for news is a good client.
   */
  readonly idleTimeout?: number | false | undefined;
}

/** The options of a server's connections, validated, with the defaults, as a `Driver` takes them. */
export interface ServerConnectionSettings extends DriverLimitSettings {
  /** How long the messages may be that are taken. */
  readonly limits: { readonly maxMessagePayload: number };
  /** For all connections; undefined for none. */
  readonly heartbeat: Heartbeat | undefined;
}

/**
 * Reads the options of a server's connections, once for all of them: this makes their heartbeat.
 *
 * @throws TypeError for an option of another type; RangeError for a number out of range
 */
export function readServerConnection(options: ServerConnectionOptions, clock: Clock): ServerConnectionSettings {
  return {
    ...readDriverLimits(options),
    limits: readMessageLimits(options),
    heartbeat: readHeartbeat(clock, options.heartbeat, options.idleTimeout),
  };
}

/**
 * Reads `maxPayload` alone: for a server on which it may be set while it runs.
 *
 * @throws TypeError for another type; RangeError for a number out of range
 */
export function readMessageLimits({
  maxPayload,
}: Pick<ServerConnectionOptions, 'maxPayload'>): ServerConnectionSettings['limits'] {
  return { maxMessagePayload: readInteger(maxPayload, 'maxPayload', { default: DEFAULT_MAX_MESSAGE_PAYLOAD }) };
}
