import { concat, frameByTheLetter, hex, latin1, Random } from './bytes.js';
import { codec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */

const LENGTHS = [0, 1, 2, 3, 7, 64, 65, 125, 126, 127, 200, 1000];
const LARGE = [4096, 4097, 65_535, 65_536];
const KEYS = [undefined, 0, 0x37fa213d, -1, 0xfedcba98];

/** @param {Checks} t */
export function frameSuite(t) {
  const random = new Random(52);
  for (const length of LENGTHS) {
    const payload = random.bytes(length);
    for (const key of KEYS) {
      for (let byte0 = 0; byte0 < 256; byte0 += length < 4 ? 1 : 5) roundTrip(t, byte0, payload, key);
    }
  }
  for (const length of LARGE) {
    const payload = random.bytes(length);
    for (const key of KEYS) roundTrip(t, 0x82, payload, key);
  }
  parts(t, random);
  const payload = new Uint8Array(1);
  t.throws('no such opcode', () => codec.encodeFrame({ opcode: -1, payload }), RangeError);
  t.throws(
    'a payload is bytes',
    () => codec.encodeFrame({ opcode: 1, payload: /** @type {never} */ ('x') }),
    TypeError,
  );
  t.throws(
    'a violation is thrown',
    () => codec.decodeFrames(hex('83'), { role: 'client' }),
    /** @type {never} */ (codec.ProtocolError),
  );
  t.throws(
    'a cut is thrown',
    () => codec.decodeFrames(hex('8101'), { role: 'client' }),
    /** @type {never} */ (codec.ProtocolError),
  );
}

/** @param {Checks} t @param {number} byte0 @param {Uint8Array} payload @param {number | undefined} key */
function roundTrip(t, byte0, payload, key) {
  const fields = {
    fin: (byte0 & 0x80) !== 0,
    rsv1: (byte0 & 0x40) !== 0,
    rsv2: (byte0 & 0x20) !== 0,
    rsv3: (byte0 & 0x10) !== 0,
    opcode: byte0 & 15,
    payload,
  };
  const before = latin1(payload);
  const written = codec.encodeFrame(fields, key);
  t.check('a frame is written', latin1(written) === latin1(frameByTheLetter(byte0, payload, key)), byte0, payload, key);
  t.check('its payload is left alone', latin1(payload) === before, payload.length, key);
  if (byte0 !== 0x82) return;
  const [frame, ...others] = codec.decodeFrames(written, { role: 'observer' });
  t.check(
    'a frame comes back',
    frame !== undefined &&
      others.length === 0 &&
      frame.fin &&
      frame.opcode === 2 &&
      frame.maskingKey === (key === undefined ? undefined : key | 0) &&
      latin1(frame.payload) === before,
    payload.length,
    key,
  );
}

/**
 * `FrameDecoder` touches no payload: the parts of a stream, as they came, are the payloads that were sent.
 *
 * @param {Checks} t
 * @param {Random} random
 */
function parts(t, random) {
  for (let run = 0; run < 200; run++) {
    const payloads = Array.from({ length: 4 }, () => random.bytes(random.below(200)));
    const frames = payloads.map((payload) => frameByTheLetter(0x82, payload, undefined));
    const stream = concat(frames);
    const before = latin1(stream);
    /** @type {string[]} */
    const found = [];
    let open = false;
    const decoder = new codec.FrameDecoder(
      { role: 'client' },
      {
        frame(header, chunk, start, end) {
          t.check('a whole frame has its length', !open && end - start === header.payloadLength);
          found.push(latin1(chunk.subarray(start, end)));
        },
        begin() {
          t.check('a frame begins between two', !open);
          open = true;
          found.push('');
        },
        part(chunk, start, end, last) {
          t.check('a part has bytes, and a frame to belong to', open && end > start);
          found[found.length - 1] += latin1(chunk.subarray(start, end));
          open = !last;
        },
        violation(error) {
          t.check('no violation', false, error.message);
        },
      },
    );
    for (let at = 0; at < stream.length; ) {
      const end = Math.min(stream.length, at + 1 + random.below(150));
      const chunk = stream.subarray(at, end);
      t.equal('all bytes are taken', decoder.push(chunk), end - at, run);
      t.equal('the offset counts them', decoder.offset, end, run);
      at = end;
    }
    t.check('all payloads are there', found.join('|') === payloads.map(latin1).join('|'), run);
    t.check('the chunks are left alone', latin1(stream) === before, run);
  }
}
