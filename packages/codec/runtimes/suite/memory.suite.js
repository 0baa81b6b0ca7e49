import { concat, frameByTheLetter, latin1, Random } from './bytes.js';
import { codec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */

/** Around the borders between the ways of masking and of memory: 64 bytes, 4 KiB, a slab of 8 KiB. */
const LENGTHS = [0, 1, 2, 63, 64, 65, 66, 100, 125, 126, 1000, 4000, 4095, 4096, 4097, 8191, 8192, 8193, 20_000];
const KEY = 0x37fa213d;

/** @param {Checks} t */
export function memorySuite(t) {
  allocation(t);
  ownership(t);
  bounds(t);
}

/** @param {Checks} t */
function allocation(t) {
  const memory = new codec.MessageMemory();
  /** @type {Map<ArrayBufferLike, number>} how far the slabs are given out */
  const given = new Map();
  for (let round = 0; round < 20; round++) {
    for (const length of LENGTHS) {
      const alignment = (round + length) & 7;
      const inSlab = length > 0 && length <= 4096;
      const bytes = inSlab ? memory.take(memory.reserve(length, alignment), length) : memory.allocate(length);
      t.equal('the length that was asked for', bytes.length, length);
      t.check('at most 8 KiB is kept by it', bytes.buffer.byteLength <= Math.max(length, 8192), length);
      if (!inSlab) {
        t.equal('an array of its own', bytes.buffer.byteLength, length);
      } else {
        t.equal('aligned as asked', bytes.byteOffset & 7, alignment, length);
        t.check('nobody else has these bytes', bytes.byteOffset >= (given.get(bytes.buffer) ?? 0), length);
        given.set(bytes.buffer, bytes.byteOffset + length);
      }
    }
  }
}

/**
 * What is delivered is the receiver's: the chunk may be overwritten, and no message lies in another.
 *
 * @param {Checks} t
 */
function ownership(t) {
  const random = new Random(5);
  for (const key of [undefined, KEY]) {
    /** @type {Uint8Array[]} */
    const got = [];
    const decoder = new codec.MessageDecoder({ role: 'observer' }, {}, sinkTo(got));
    const sent = [...LENGTHS, ...LENGTHS].map((length) => random.bytes(length));
    for (const payload of sent) {
      const chunk = frameByTheLetter(0x82, payload, key);
      const before = latin1(chunk);
      decoder.push(chunk);
      t.check('a chunk is not written to', latin1(chunk) === before, payload.length, key);
      chunk.fill(0xee);
    }
    for (const [i, payload] of got.entries()) {
      t.check(
        'a message does not lie in the chunk',
        latin1(payload) === latin1(/** @type {Uint8Array} */ (sent[i])),
        i,
        key,
      );
      payload.fill(i);
    }
    for (const [i, payload] of got.entries()) {
      t.check(
        'nor in another message',
        payload.every((byte) => byte === i),
        i,
        key,
      );
    }
    t.equal('all of them came', got.length, sent.length);
  }
}

/** Rule: at most 16 times what has come of it, plus 125 for a control frame and 13 for a header. @param {Checks} t */
function bounds(t) {
  const random = new Random(16);
  for (const length of LENGTHS) {
    for (const fragments of [1, 2, 3, 10]) {
      const payload = random.bytes(length);
      const stream = inFragments(payload, fragments);
      /** @type {Uint8Array[]} */
      const got = [];
      const decoder = new codec.MessageDecoder({ role: 'server' }, {}, sinkTo(got));
      let honest = true;
      for (let at = 0; at < stream.length; ) {
        const end = Math.min(stream.length, at + 1 + random.below(length + 1));
        decoder.push(stream.subarray(at, end));
        at = end;
        honest &&= decoder.bufferedBytes <= 16 * at + 138;
      }
      t.check('what is kept is bounded by what has come', honest, length, fragments);
      t.check(
        'the message is whole',
        got.length === 1 && latin1(/** @type {Uint8Array} */ (got[0])) === latin1(payload),
        length,
        fragments,
      );
      t.equal('nothing is kept', decoder.bufferedBytes, 0, length, fragments);
      t.check(
        'a message keeps no more than it may',
        /** @type {Uint8Array} */ (got[0]).buffer.byteLength <= Math.max(length, 8192),
        length,
      );
    }
  }
  // A header that promises 16 MiB costs nothing until they come.
  const decoder = new codec.MessageDecoder({ role: 'client' }, {}, sinkTo([]));
  decoder.push(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0));
  t.equal('a promise is not believed', decoder.bufferedBytes, 0);
  decoder.push(new Uint8Array(10));
  t.check('but by a sixteenth', decoder.bufferedBytes <= 160);
}

/** @param {Uint8Array} payload @param {number} count */
function inFragments(payload, count) {
  const size = Math.ceil(payload.length / count);
  return concat(
    Array.from({ length: count }, (_, i) => {
      const byte0 = (i === 0 ? 2 : 0) | (i === count - 1 ? 0x80 : 0);
      return frameByTheLetter(byte0, payload.subarray(i * size, (i + 1) * size), KEY + i);
    }),
  );
}

/** @param {Uint8Array[]} got */
function sinkTo(got) {
  return {
    /** @param {Uint8Array} payload */
    message(payload) {
      got.push(payload);
    },
    ping() {},
    pong() {},
    close() {},
    violation() {},
  };
}
