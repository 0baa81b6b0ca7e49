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

/** What messages were delivered as, and what they are. */
const payloads = new WeakMap<object, Buffer<ArrayBuffer>>();

export function dataAs(type: BinaryType, payload: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  // The type of the event does not follow: the application has set binaryType, and knows.
  const data = DATA[type](payload) as Buffer<ArrayBuffer>;
  payloads.set(data, payload);
  return data;
}

/** The Buffer that a message is, whatever it was delivered as. */
export function payloadOf(data: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  return payloads.get(data) ?? data;
}
