/**
 * Why something was not sent:
 * - `not-open`: the connection was not open. `cause` says why where that is known.
 * - `overflow`: `maxBufferedAmount` bytes waited for the peer, and `overflow` is 'close' or 'drop'.
 * - `ended`: the connection has ended before it was written; `cause` says why.
 */
export type NotSentCode = 'not-open' | 'overflow' | 'ended';

/** A message, a ping or a pong that was not sent, or not to its end. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  readonly code: NotSentCode;

  constructor(code: NotSentCode, message: string, cause?: Error | undefined) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
