import type { Socket } from 'node:net';

/**
 * Whether the client of a socket is gone, also where that was not read yet: the system forgets the client's address at
 * once. A unix domain socket has none at either end.
 */
export function isGone({ destroyed, remoteAddress, localAddress }: Socket): boolean {
  return destroyed || (remoteAddress === undefined && localAddress !== undefined);
}
