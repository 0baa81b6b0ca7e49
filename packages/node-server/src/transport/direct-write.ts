import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';

/** The object that Node hands to a handle with each write: kept until that is done, unless it is at once. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Keeps the memory alive, which the system still reads. */
  chunks?: readonly Uint8Array[];
  /** Returns -1 if nothing has kept the request. */
  getAsyncId(): number;
}

/** The inside of a net.Socket, as far as it is used here. */
interface Handle {
  writeBuffer(request: WriteRequest | null, bytes: Uint8Array): number;
  writev(request: WriteRequest, chunks: readonly Uint8Array[], allBuffers: true): number;
}

/** A listener for the end of a write that was not done at once, and has not failed. */
export interface Written {
  written(): void;
}

/** Node's own `write`; a socket whose `write` was replaced is left alone. */
const { write } = Writable.prototype;

/** The class of the requests, null where Node hands over none; and one that nothing keeps, for the next write. */
let Request: (new () => WriteRequest) | null | undefined;
let request: WriteRequest | undefined;

/**
 * Writes to the system past the queue of Node's own TCP socket, where that is empty and the writes are not watched: the
 * queue makes several objects and a tick of each write.
 *
 * @param chunks not to be changed until they have been written
 * @returns true if they have been, false if not yet, or never: then the socket is destroyed, and tells why. Undefined
 *   if nothing was done: write to the socket then
 */
export function writeDirectly(socket: Socket, chunks: readonly Uint8Array[], told: Written): boolean | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  if (Request === null || !canWrite(handle) || !isQuiet(socket)) return undefined;
  if (Request === undefined) {
    learnRequest(handle);
    return undefined;
  }
  const used = request ?? new Request();
  // A hook of node:async_hooks that hears of the request may write by itself.
  request = undefined;
  const status = chunks.length === 1 ? handle.writeBuffer(used, chunks[0]!) : handle.writev(used, chunks, true);
  // The handle's queue size would not do: libuv may finish on its second attempt, and calls back all the same.
  if (status === 0 && used.getAsyncId() === -1) {
    request = used;
    return true;
  }
  if (status !== 0) {
    socket.destroy(systemError(status));
    return false;
  }
  used.chunks = chunks;
  used.oncomplete = (status) => {
    if (socket.destroyed) return;
    if (status === 0) told.written();
    else socket.destroy(systemError(status));
  };
  return false;
}

function canWrite(handle: Partial<Handle> | null | undefined): handle is Handle {
  return typeof handle?.writeBuffer === 'function' && typeof handle.writev === 'function';
}

/** Whether the socket has nothing to write, and none of its own doings in a write would be missed. */
function isQuiet(socket: Socket): boolean {
  return (
    socket.writableLength === 0 &&
    socket.writableCorked === 0 &&
    socket.writable &&
    // The time-out of the application starts anew with a write.
    !socket.timeout &&
    socket.write === write
  );
}

/** Looks at what Node hands over with the write that follows. */
function learnRequest(handle: { writeBuffer?: Handle['writeBuffer'] }): void {
  handle.writeBuffer = function (this: Handle, request: WriteRequest | null, bytes) {
    // Node 26 makes one when a write is not done at once.
    const isKnown = typeof request?.getAsyncId === 'function';
    Request = isKnown ? (request.constructor as new () => WriteRequest) : null;
    delete handle.writeBuffer;
    return this.writeBuffer(request, bytes);
  };
}

/** Makes the error that Node makes of a write. */
function systemError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`write ${code}`), { errno, code, syscall: 'write' });
}
