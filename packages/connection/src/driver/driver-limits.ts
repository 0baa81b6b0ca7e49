import { type IntegerRange, readInteger, readMilliseconds, type TimeRange } from '../options/integer.ts';

/**
 * How a message is treated that is sent while `maxBufferedAmount` bytes wait for the peer:
 * - `close`: the message is refused, what waits is dropped, but for the rest of a frame that has begun to leave, and
 *   the connection closes with 1013. The peer reconnects and starts anew.
 * - `drop`: the message is refused, and the connection goes on: for news that the next one makes stale. A fragment
 *   cannot be missed out: there, `close`.
 * - `wait`: the message is taken, and nothing more of the peer until all has been written. That bounds what answers the
 *   peer's messages; it does not bound what is sent to it of one's own accord.
 */
export type Overflow = 'close' | 'drop' | 'wait';

/** How far behind a peer may fall: in bytes that wait for it, and in time once the connection ends. */
export interface DriverLimits {
  /**
   * How long the peer's end of stream is waited for once the connection is closed and all is written, in milliseconds;
   * then the transport is destroyed. So long, too, a peer may send pings and leave the answers unread. Default: 1000,
   * ample for a packet and back, and short where a proxy keeps TCP half open.
   */
  readonly closeTimeout?: number | undefined;
  /**
   * How long the peer's Close is waited for after ours, in milliseconds; then the transport is destroyed. A peer that
   * goes on taking what stands before our Close, a write at a time (16 KiB on Node and else 64 KiB), gets that time
   * anew. So long, too, what was read of a peer that is gone waits for the application, and anew each time that this
   * has taken some of it. Default: 10,000, since a Close may stand behind messages that are on their way.
   */
  readonly closeReplyTimeout?: number | undefined;
  /**
   * Once this many bytes wait for the peer, `overflow` decides what a further `send`, `ping` or `pong` does; the
   * message that crosses the limit is still taken. What they cost beside themselves counts: 128 bytes for each piece of
   * memory that they lie in, 512 for each message behind one that is still being compressed. From 1 on. Default: 64
   * MiB, four of the longest messages that are taken: a peer so far behind does better to reconnect.
   */
  readonly maxBufferedAmount?: number | undefined;
  /**
   * What a `send`, `ping` or `pong` does over `maxBufferedAmount`. Default: 'close', which bounds memory and loses
   * nothing unseen.
   */
  readonly overflow?: Overflow | undefined;
}

/** The limits of a driver, validated, with the defaults. */
export interface DriverLimitSettings {
  readonly closeTimeout: number;
  readonly closeReplyTimeout: number;
  readonly maxBufferedAmount: number;
  readonly overflow: Overflow;
}

const POLICIES: readonly unknown[] = ['close', 'drop', 'wait'] satisfies Overflow[];

// Read for each connection, whose handshake should not cost an object each.
const CLOSE_TIMEOUT: TimeRange = { default: 1000 };
const CLOSE_REPLY_TIMEOUT: TimeRange = { default: 10_000 };
const MAX_BUFFERED_AMOUNT: IntegerRange = { default: 64 * 1024 * 1024, min: 1 };

/** @throws TypeError for an option of another type; RangeError for a number out of range */
export function readDriverLimits(options: DriverLimits): DriverLimitSettings {
  const { closeTimeout, closeReplyTimeout, maxBufferedAmount, overflow = 'close' } = options;
  if (!POLICIES.includes(overflow)) {
    throw new TypeError(`overflow must be 'close', 'drop' or 'wait', got ${String(overflow)}`);
  }
  return {
    closeTimeout: readMilliseconds(closeTimeout, 'closeTimeout', CLOSE_TIMEOUT),
    closeReplyTimeout: readMilliseconds(closeReplyTimeout, 'closeReplyTimeout', CLOSE_REPLY_TIMEOUT),
    maxBufferedAmount: readInteger(maxBufferedAmount, 'maxBufferedAmount', MAX_BUFFERED_AMOUNT),
    overflow,
  };
}
