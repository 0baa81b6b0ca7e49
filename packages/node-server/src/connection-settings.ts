import {
  type Heartbeat,
  type HeartbeatSettings,
  type Overflow,
  readHeartbeat,
  readInteger,
  readMaxBufferedAmount,
  readMilliseconds,
  readOverflow,
} from '@ws/connection';
import { clock } from './clock.ts';
import { type RateLimit, readRateLimit } from './rate-limit.ts';

/** The options of a server that each of its connections needs, with their defaults. */
export interface ConnectionSettings {
  readonly maxPayload: number;
  readonly closeTimeout: number;
  readonly closeReplyTimeout: number;
  readonly heartbeat: Heartbeat | undefined;
  readonly maxBufferedAmount: number;
  readonly overflow: Overflow;
  readonly rateLimit: RateLimit;
}

/** The same as they are given; see `ServerOptions`. */
interface ConnectionOptions {
  readonly maxPayload?: number | undefined;
  readonly closeReplyTimeout?: number | undefined;
  readonly heartbeat?: HeartbeatSettings | boolean | undefined;
  readonly idleTimeout?: number | false | undefined;
  readonly maxBufferedAmount?: number | undefined;
  readonly overflow?: Overflow | undefined;
  readonly rateLimit?: RateLimit | undefined;
}

/** @throws TypeError or RangeError (row M8) */
export function readConnection(options: ConnectionOptions, closeTimeout: number): ConnectionSettings {
  const { maxPayload, maxBufferedAmount, overflow, closeReplyTimeout } = options;
  return {
    maxPayload: readInteger(maxPayload, 'maxPayload', Number.MAX_SAFE_INTEGER, 16 * 1024 * 1024),
    closeTimeout,
    closeReplyTimeout: readMilliseconds(closeReplyTimeout, 'closeReplyTimeout', 10_000),
    heartbeat: readHeartbeat(clock, options.heartbeat, options.idleTimeout),
    maxBufferedAmount: readMaxBufferedAmount(maxBufferedAmount),
    overflow: readOverflow(overflow),
    rateLimit: readRateLimit(options.rateLimit),
  };
}
