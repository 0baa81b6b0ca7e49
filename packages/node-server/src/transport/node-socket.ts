import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Bun and Deno have a net.Socket of their own. */
const IS_NODE = process.versions.bun === undefined && process.versions['deno'] === undefined;

/** Whether this is Node's own TCP socket, with the methods that Node gave it: what is known of its inside holds. */
export function isNodeTcp(socket: unknown): socket is Socket {
  return IS_NODE && socket instanceof Socket && socket.constructor === Socket && !Object.hasOwn(socket, 'write');
}

/**
 * Whether this is Node's own socket over TLS, with Node's own methods: what it is given has been encrypted, or copied,
 * when the write is done.
 */
export function isNodeTls(socket: unknown): socket is TLSSocket {
  return IS_NODE && socket instanceof TLSSocket && socket.constructor === TLSSocket && !Object.hasOwn(socket, 'write');
}

/**
 * Whether this is one of those two, and what it reads comes from the system: then never within a write to another. TLS
 * over a stream of the application's would be read whenever that is written to.
 */
export function readsFromSystem(socket: unknown): socket is Socket {
  if (isNodeTcp(socket)) return true;
  return isNodeTls(socket) && readsFromSystem((socket as { readonly _parent?: unknown })._parent);
}
