import { readInteger } from './integer.ts';

/**
 * What becomes of a message that is sent while `maxBufferedAmount` waits for the peer:
 * - `close`: the message is refused, what waits is dropped, but for the rest of a frame that has begun to leave, and the connection
 *   closes with 1013. The peer comes again and starts anew.
 * - `drop`: the message is refused, and the connection goes on: for news that the next one makes stale. A fragment cannot be missed out:
 *   there, `close`.
 * - `wait`: the message is taken, and nothing more of the peer until all has been written. That bounds what answers the peer's
 *   messages; it does not bound what is sent to it of one's own accord.
 */
export type Overflow = 'close' | 'drop' | 'wait';

const POLICIES: readonly unknown[] = ['close', 'drop', 'wait'] satisfies Overflow[];

/** The default of `maxBufferedAmount`, in bytes. */
const DEFAULT_MAX = 64 * 1024 * 1024;

/** @throws TypeError or RangeError */
export function readMaxBufferedAmount(max: number | undefined): number {
  return readInteger(max, 'maxBufferedAmount', Number.MAX_SAFE_INTEGER, DEFAULT_MAX, 1);
}

/** @throws TypeError for what is no policy */
export function readOverflow(policy: Overflow = 'close'): Overflow {
  if (POLICIES.includes(policy)) return policy;
  throw new TypeError(`overflow must be 'close', 'drop' or 'wait', got ${String(policy)}`);
}
