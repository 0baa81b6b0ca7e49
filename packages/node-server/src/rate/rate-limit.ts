import { checkNames, kindOf, readInteger } from '@ws/connection';

/**
 * How much is taken in a second; each limit may be exceeded by what the second before has left over. All are from 1 on;
 * none by default.
 */
export interface RateLimit {
  /** Handshakes of this server; over it, the answer is 503 with Retry-After. */
  readonly handshakes?: number | undefined;
  /**
   * Handshakes of one address, as `trustProxy` has it, or of one /64 network of IPv6; over it, the answer is 429 with
   * Retry-After.
   */
  readonly handshakesPerAddress?: number | undefined;
  /** Messages of one connection; over it, reading pauses. Control frames do not count: `bytes` limits those. */
  readonly messages?: number | undefined;
  /** Bytes of one connection, as they cross the wire, whatever they are; over it, reading pauses. */
  readonly bytes?: number | undefined;
}

const NAMES = ['handshakes', 'handshakesPerAddress', 'messages', 'bytes'] as const satisfies (keyof RateLimit)[];

/** @throws TypeError or RangeError for a limit of the wrong kind */
export function readRateLimit(limit: RateLimit = {}): RateLimit {
  if (typeof limit !== 'object' || limit === null) {
    throw new TypeError(`rateLimit must be an object, got ${kindOf(limit)}`);
  }
  checkNames('rateLimit', limit, NAMES);
  for (const name of NAMES) readInteger(limit[name], `rateLimit.${name}`, { default: 1, min: 1 });
  return limit;
}
