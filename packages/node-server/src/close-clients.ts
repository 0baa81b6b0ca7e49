import { CloseCode, encodeClose } from '@ws/codec';
import { checkNames, kindOf, readMilliseconds } from '@ws/connection';
import { clock } from './runtime/clock.ts';
import type { WebSocket } from './websocket.ts';

/** How a server takes leave of its clients. */
export interface CloseOptions {
  /** Default: 1001, going away. */
  readonly code?: number | undefined;
  /** At most 123 bytes of UTF-8. Default: none. */
  readonly reason?: string | undefined;
  /**
   * After how many milliseconds those that are still there are cut off. Default: 10,000, well within what orchestrators
   * allow.
   */
  readonly timeout?: number | undefined;
}

/**
 * Closes all clients: what was sent to them is written, and what they have sent is delivered, until their own Close.
 *
 * @param cutOff called when the time is up, beside the end of those that are still there
 * @returns a function that gives up the time limit, once all are gone
 * @throws TypeError or RangeError for options of the wrong kind, before any is closed
 */
export function closeClients(clients: ReadonlySet<WebSocket>, options: CloseOptions, cutOff: () => void): () => void {
  if (typeof options !== 'object') {
    throw new TypeError(`options must be { code, reason, timeout }, or a callback, got ${kindOf(options)}`);
  }
  checkNames('close', options, ['code', 'reason', 'timeout']);
  const { code = CloseCode.GoingAway, reason = '', timeout } = options;
  const limit = readMilliseconds(timeout, 'timeout', { default: 10_000 });
  encodeClose(code, reason);
  for (const client of clients) client.close(code, reason);
  return clock.after(limit, () => {
    for (const client of clients) client.terminate();
    cutOff();
  });
}
