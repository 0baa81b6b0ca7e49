import type { Duplex } from 'node:stream';

/**
 * Lets a socket go on when its peer has ended its half. Node's own listener, which replaces `write` where that is not
 * allowed, has nothing left to do: with it, the listener of each connection would need an array for the two.
 */
export function keepHalfOpen(socket: Duplex): void {
  socket.allowHalfOpen = true;
  const nodes = socket.listeners('end').find(({ name }) => name === 'onReadableStreamEnd');
  if (nodes !== undefined) socket.off('end', nodes as () => void);
}
