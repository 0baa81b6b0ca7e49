import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Node's own listener for the end of the peer's half: it replaces `write`, where a socket is not to be half open. */
const [nodes] = new Socket().listeners('end') as [(() => void)?];

/**
 * Lets a socket go on when its peer has ended its half. Node's own listener has nothing left to do: with it, the listener
 * of each connection would need an array for the two.
 */
export function keepHalfOpen(socket: Duplex): void {
  socket.allowHalfOpen = true;
  if (nodes !== undefined) socket.off('end', nodes);
}
