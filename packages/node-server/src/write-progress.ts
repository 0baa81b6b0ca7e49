import type { Duplex } from 'node:stream';

/** What a socket of Node is made of; not public, as its time-outs are, which look there as well. */
interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: unknown } | null;
}

/**
 * How many bytes that were written to a stream have not been taken by the system. A socket knows it to the byte; any other
 * stream, or a Node that keeps it to itself, counts whole writes.
 */
export function unwrittenBytes(stream: Duplex): number {
  const size = (stream as WithHandle)._handle?.writeQueueSize;
  return typeof size === 'number' ? size : stream.writableLength;
}
