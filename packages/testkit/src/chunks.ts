/** Where to cut: positions in any order (taken modulo the length plus one, so that a generator need not know it). */
export type Cuts = readonly number[] | 'every byte';

/**
 * Views of `bytes`, cut at `cuts`; at least one, together all of it. A cut that is named twice gives an empty chunk.
 */
export function split(bytes: Uint8Array, cuts: Cuts): Uint8Array[] {
  const wanted = cuts === 'every byte' ? Array.from(bytes.subarray(1), (_, i) => i + 1) : cuts;
  const positions = wanted.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...positions].map((from, i) => bytes.subarray(from, positions[i] ?? bytes.length));
}

/** A consumer that a stream is pushed into: a decoder, or what stands around one. */
export interface ByteConsumer {
  /** Takes the chunk's bytes and says how many. */
  push(chunk: Uint8Array): number;
}

/**
 * Pushes each chunk out of one scratch buffer that is overwritten after the call: a consumer that keeps its input
 * without copying ends up with rubbish, and one that writes to it is found out at once. The scratch is a window into
 * a larger ArrayBuffer and starts at another alignment for each chunk.
 *
 * @throws Error when the consumer wrote to a chunk, or took fewer bytes than it was given.
 */
export function pushAll(consumer: ByteConsumer, chunks: readonly Uint8Array[]): void {
  const longest = chunks.reduce((max, chunk) => Math.max(max, chunk.length), 0);
  const scratch = new Uint8Array(longest + 8);
  chunks.forEach((chunk, i) => {
    const lent = scratch.subarray(i % 8, (i % 8) + chunk.length);
    lent.set(chunk);
    const taken = consumer.push(lent);
    if (taken !== chunk.length) throw new Error(`chunk ${i}: ${taken} of ${chunk.length} bytes were taken`);
    const written = lent.findIndex((byte, at) => byte !== chunk[at]);
    if (written !== -1) throw new Error(`chunk ${i}: the consumer wrote to its byte ${written}`);
    scratch.fill(0xa5);
  });
}
