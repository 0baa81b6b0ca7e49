/**
 * What a binary message is delivered as: the Buffer itself, its bytes in an ArrayBuffer or a Blob, or a list of one
 * Buffer.
 */
export type BinaryType = 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob';

const DATA: { readonly [Type in BinaryType]: (payload: Buffer<ArrayBuffer>) => unknown } = {
  nodebuffer: (payload) => payload,
  arraybuffer: ({ buffer, byteOffset, byteLength }) =>
    byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength),
  fragments: (payload) => [payload],
  blob: (payload) => new Blob([payload]),
};

/** @throws TypeError for a type that does not exist */
export function checkBinaryType(type: BinaryType): void {
  if (Object.hasOwn(DATA, type)) return;
  throw new TypeError(`binaryType must be nodebuffer, arraybuffer, fragments or blob, got ${String(type)}`);
}

/** The bytes of what was delivered as a Blob, which gives them only later. */
const ofBlobs = new WeakMap<object, Buffer<ArrayBuffer>>();

export function dataAs(type: BinaryType, payload: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  const data = DATA[type](payload);
  if (data instanceof Blob) ofBlobs.set(data, payload);
  // The type of the event does not follow: the application has set binaryType, and knows.
  return data as Buffer<ArrayBuffer>;
}

/** The Buffer that a message is, whatever it was delivered as. */
export function payloadOf(data: Buffer<ArrayBuffer> | ArrayBuffer | Buffer<ArrayBuffer>[] | Blob): Buffer<ArrayBuffer> {
  if (Buffer.isBuffer(data)) return data as Buffer<ArrayBuffer>;
  if (Array.isArray(data)) return data[0]!;
  return ofBlobs.get(data) ?? Buffer.from(data as ArrayBuffer);
}
