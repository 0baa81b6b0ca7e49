import { checkNames } from '../options/names.ts';
import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import type { Clock } from './transport.ts';

/** How peers that are gone without a word are found out; both times in milliseconds, from 1 on. */
export type HeartbeatSettings = Pick<HeartbeatOptions, 'interval' | 'timeout'>;

/**
 * The heartbeat of all connections of a server, as its options say it; undefined if it has none.
 *
 * @throws TypeError or RangeError for options of the wrong kind
 */
export function readHeartbeat(
  clock: Clock,
  options: HeartbeatSettings | boolean = true,
  idleTimeout: number | false = false,
): Heartbeat | undefined {
  if (typeof options !== 'boolean' && (typeof options !== 'object' || options === null)) {
    throw new TypeError(`heartbeat must be a boolean or { interval, timeout }, got ${String(options)}`);
  }
  const ping = options !== false;
  const idle = idleTimeout === false ? undefined : idleTimeout;
  const { interval, timeout } = typeof options === 'object' ? options : ({} as HeartbeatSettings);
  if (typeof options === 'object') checkNames('heartbeat', options, ['interval', 'timeout']);
  const heartbeat = new Heartbeat({ ping, interval, timeout, idleTimeout: idle }, clock);
  return ping || idle !== undefined ? heartbeat : undefined;
}
