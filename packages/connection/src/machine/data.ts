import { encodeUtf8 } from '@ws/codec';
import { kindOf } from '../options/kind-of.ts';
import { isPromise } from '../promise.ts';

/** A message, or a part of one, that can be sent. Of a view, its bytes as they lie in memory. */
export type Data = string | ArrayBuffer | ArrayBufferView;

/**
 * The bytes of what is to be sent: a string as UTF-8, a view without a copy.
 *
 * @throws TypeError for anything else, a number above all: it once meant that many bytes of uninitialised memory
 */
export function toBytes(data: Data, name: string): Uint8Array {
  if (typeof data === 'string') return encodeUtf8(data);
  const bytes = viewOf(data, name);
  if (bytes !== undefined) return bytes;
  return wrongData(data, `${name} must be a string, an ArrayBuffer or a view of one`, hintFor(data));
}

/** Says what to do with an object that cannot be sent. */
function hintFor(data: unknown): string {
  if (isPromise(data)) return ': await the promise';
  switch (Object.prototype.toString.call(data)) {
    case '[object Blob]':
    case '[object File]':
      return ': await its arrayBuffer()';
    case '[object SharedArrayBuffer]':
      return ': send a view of it';
    default:
      return ': JSON.stringify it, perhaps';
  }
}

/**
 * The bytes of what was read, without a copy.
 *
 * @throws TypeError for anything but an ArrayBuffer or a view: what a string means, only who has read it could know
 */
export function toChunk(data: unknown, name: string): Uint8Array {
  return viewOf(data, name) ?? wrongData(data, `${name} must be an ArrayBuffer or a view of one`);
}

function viewOf(data: unknown, name: string): Uint8Array | undefined {
  // Nearly all have bytes; a view of a buffer that was transferred looks as if it were empty.
  if (data instanceof Uint8Array && data.length > 0) return data;
  try {
    return newView(data);
  } catch (cause) {
    throw new TypeError(`${name} must not have been transferred: its buffer is detached`, { cause });
  }
}

/** @throws TypeError if its buffer is detached */
function newView(data: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer || Object.prototype.toString.call(data) === '[object ArrayBuffer]') {
    return new Uint8Array(data as ArrayBuffer);
  }
  return undefined;
}

/** @param hint told where an object was given */
function wrongData(data: unknown, problem: string, hint = ''): never {
  const got = kindOf(data);
  throw new TypeError(`${problem}, got ${got}${got === 'object' ? hint : ''}`);
}

/** A copy of bytes, in memory of its own. The slice() of a Buffer is none. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
