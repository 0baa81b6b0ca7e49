import type { Socket } from 'node:net';
import { readsFromSystem } from './node-socket.ts';

/** How many bytes one read takes at the most: as many as Node reads at once by itself. Over TLS, one record. */
const BYTES = 65_536;

/** The inside of a net.Socket, as far as it is used here. */
interface Inside {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null;
  [key: symbol]: unknown;
}

let shared: Buffer<ArrayBuffer> | undefined;
/** The names of the two properties, which are the same for all sockets of this Node. */
let bufferKey: symbol | undefined;
let callbackKey: symbol | undefined;

/**
 * Lets TCP sockets, and TLS over them, read into one buffer that all of them share, so that a read allocates nothing.
 * For sockets that one connects, Node has the public option `onread`; for those that a server accepts, this does inside
 * what the option does.
 *
 * @param received one for all sockets, and called as a method of the socket. It gets a view of that buffer, whose bytes
 *   are others when it has returned; with false it stops the reading until `resume()`, which is cheaper than `pause()`.
 *   Over TLS, the records that were read with this one still come
 * @returns starts it for a socket; false if that socket cannot: listen for 'data' then
 */
export function sharedReceive(received: (this: Socket, chunk: Uint8Array) => boolean): (socket: unknown) => boolean {
  /** Node calls this as a method of the socket. */
  function receive(this: Socket, length: number, bytes: Buffer): boolean {
    const chunk = bytes.subarray(0, length);
    // A listener of the application gets bytes of its own.
    if (this.listenerCount('data') > 0) this.emit('data', Buffer.from(chunk));
    return received.call(this, chunk);
  }

  return (socket) => {
    if (!readsFromSystem(socket) || socket.readableLength > 0) return false;
    const inside = socket as unknown as Inside;
    bufferKey ??= symbolOf(socket, 'kBuffer');
    callbackKey ??= symbolOf(socket, 'kBufferCb');
    const handle = inside._handle;
    if (!bufferKey || !callbackKey || typeof handle?.useUserBuffer !== 'function') return false;
    shared ??= Buffer.allocUnsafeSlow(BYTES);
    inside[bufferKey] = shared;
    inside[callbackKey] = receive;
    handle.useUserBuffer(shared);
    return true;
  };
}

function symbolOf(object: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
}
