import type { Duplex } from 'node:stream';
import { isNodeTls } from './node-socket.ts';

/** The inside of a tls.TLSSocket, as far as it is used here. */
interface Inside {
  readonly _handle?: {
    readonly readStop?: () => void;
    readonly readStart?: () => void;
    /** What Node has done last. */
    readonly reading?: boolean;
  } | null;
}

/**
 * Lets a socket of Node over TLS read no more from the system, and deliver what it has read. `pause()` would have it
 * decrypt as much again and keep it until `resume()`: memory that is old when it is read, and that only a full garbage
 * collection finds.
 *
 * @returns false if that socket cannot: pause it then
 */
export function stopReading(socket: Duplex): boolean {
  if (!isNodeTls(socket)) return false;
  const { _handle: handle } = socket as unknown as Inside;
  if (typeof handle?.readStop !== 'function' || typeof handle.readStart !== 'function') return false;
  // Node is not told, or it would start again when it has delivered what it has.
  handle.readStop();
  return true;
}

/**
 * Goes on after {@link stopReading}, which has returned true. Where Node has stopped as well, for a stream that is
 * full, it starts by itself.
 */
export function startReading(socket: Duplex): void {
  const { _handle: handle } = socket as unknown as Inside;
  if (handle?.reading !== false) handle?.readStart?.();
}
