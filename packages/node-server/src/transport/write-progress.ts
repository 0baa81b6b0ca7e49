import type { Duplex } from 'node:stream';

/**
 * The inside of a socket of Node, as far as it is used here. It is not public, but Node's own `socket.setTimeout` reads
 * the same number, to see whether a write goes on.
 */
interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: unknown } | null;
}

/**
 * How many bytes that were written to a stream have not been taken by the system. A socket knows it to the byte; any
 * other stream, or a Node that keeps it to itself, counts whole writes.
 */
export function unwrittenBytes(stream: Duplex): number {
  const size = (stream as WithHandle)._handle?.writeQueueSize;
  return typeof size === 'number' ? size : stream.writableLength;
}
