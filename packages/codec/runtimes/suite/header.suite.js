import { concat, hex, latin1 } from './bytes.js';
import { codec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */

/**
 * Byte 1 without the mask bit, and what follows it, for the lengths at which the form changes.
 *
 * @type {readonly [number, string][]}
 */
const LENGTHS = [
  [0, '00'],
  [1, '01'],
  [124, '7c'],
  [125, '7d'],
  [126, '7e 007e'],
  [127, '7e 007f'],
  [128, '7e 0080'],
  [255, '7e 00ff'],
  [256, '7e 0100'],
  [32_767, '7e 7fff'],
  [32_768, '7e 8000'],
  [65_535, '7e ffff'],
  [65_536, '7f 0000000000010000'],
  [65_537, '7f 0000000000010001'],
  [2 ** 24, '7f 0000000001000000'],
  [2 ** 31 - 1, '7f 000000007fffffff'],
  [2 ** 31, '7f 0000000080000000'],
  [2 ** 32 - 1, '7f 00000000ffffffff'],
  [2 ** 32, '7f 0000000100000000'],
  [2 ** 32 + 1, '7f 0000000100000001'],
  [2 ** 40 + 5, '7f 0000010000000005'],
  [2 ** 53 - 1, '7f 001fffffffffffff'],
];

/** Lengths that no frame may have, and why. @type {readonly [string, string][]} */
const ILLEGAL = [
  ['7e 0000', 'length-not-minimal'],
  ['7e 007d', 'length-not-minimal'],
  ['7f 0000000000000000', 'length-not-minimal'],
  ['7f 000000000000007e', 'length-not-minimal'],
  ['7f 000000000000ffff', 'length-not-minimal'],
  ['7f 0020000000000000', 'length-unsafe'],
  ['7f 0020000000000001', 'length-unsafe'],
  ['7f 7fffffffffffffff', 'length-unsafe'],
  ['7f 8000000000000000', 'length-top-bit'],
  ['7f 8000000000000001', 'length-top-bit'],
  ['7f ffffffffffffffff', 'length-top-bit'],
];

const KEYS = [undefined, 0, 0x37fa213d, 0x80000000, 0xffffffff];

/** @param {Checks} t */
export function headerSuite(t) {
  for (const [payloadLength, digits] of LENGTHS) {
    for (const maskingKey of KEYS) {
      for (let bits = 0; bits < 16; bits++) {
        for (const opcode of [0, 1, 2, 8, 9, 10, 3, 15]) header(t, payloadLength, digits, maskingKey, bits, opcode);
      }
    }
  }
  for (const [digits, violation] of ILLEGAL) {
    for (const role of /** @type {const} */ (['server', 'client'])) {
      const length = hex(digits);
      if (role === 'server') length[0] = 0x80 | /** @type {number} */ (length[0]);
      const bytes = concat([hex('ff 82'), length]);
      for (let end = 2; end <= bytes.length; end++) {
        const read = codec.decodeFrameHeader(bytes.subarray(0, end), { role }, 1);
        const right =
          end < bytes.length
            ? 'needed' in read && read.needed === bytes.length - end + (role === 'server' && end > 2 ? 4 : 0)
            : 'violation' in read && read.violation === violation && read.offset === bytes.length - 1;
        // Before byte 1 there is only one byte to ask for.
        t.check(
          'an illegal length',
          end === 2 ? 'needed' in read && read.needed === 1 : right,
          digits,
          role,
          end,
          read,
        );
      }
    }
  }
  // Every length of the 16-bit form that is too small for it.
  const bytes = hex('82 7e 0000');
  for (let length = 0; length < 126; length++) {
    bytes[3] = length;
    const read = codec.decodeFrameHeader(bytes, { role: 'client' });
    t.check(
      'a length in too long a form',
      'violation' in read && read.violation === 'length-not-minimal' && read.offset === 3,
    );
  }
  wrongUse(t);
}

/**
 * One header, written and read, at every cut.
 *
 * @param {Checks} t @param {number} payloadLength @param {string} digits @param {number | undefined} maskingKey
 * @param {number} bits FIN and RSV @param {number} opcode
 */
function header(t, payloadLength, digits, maskingKey, bits, opcode) {
  const fields = {
    fin: (bits & 8) !== 0,
    rsv1: (bits & 4) !== 0,
    rsv2: (bits & 2) !== 0,
    rsv3: (bits & 1) !== 0,
    opcode,
    maskingKey,
    payloadLength,
  };
  const length = hex(digits);
  const key = new Uint8Array(maskingKey === undefined ? 0 : 4);
  if (maskingKey !== undefined) {
    length[0] = 0x80 | /** @type {number} */ (length[0]);
    new DataView(key.buffer).setUint32(0, maskingKey);
  }
  const wanted = concat([Uint8Array.of((bits << 4) | opcode), length, key]);
  const written = codec.encodeFrameHeader(fields);
  t.check('a header is written', latin1(written) === latin1(wanted), fields, written);
  t.equal('a header has its length', codec.frameHeaderBytes(payloadLength, maskingKey !== undefined), wanted.length);

  // Read back: what is legal for a reader that has agreed on all bits, on one set of bits each.
  if (bits !== 15 || opcode > 2 || opcode === 0) return;
  const rules = /** @type {const} */ ({ role: 'observer', allowedRsv: 0x70 });
  for (let end = 0; end < wanted.length; end++) {
    const read = codec.decodeFrameHeader(wanted.subarray(0, end), rules);
    const needed = end === 0 ? 2 : end === 1 ? 1 : wanted.length - end;
    t.check('what is missing is told', 'needed' in read && read.needed === needed, wanted, end, read);
  }
  const read = codec.decodeFrameHeader(concat([hex('00'), wanted, hex('ff')]), rules, 1);
  t.check(
    'a header comes back',
    'header' in read &&
      read.bytesRead === wanted.length &&
      read.header.payloadLength === payloadLength &&
      read.header.maskingKey === (maskingKey === undefined ? undefined : maskingKey | 0) &&
      read.header.opcode === opcode &&
      read.header.fin &&
      read.header.rsv1 &&
      read.header.rsv2 &&
      read.header.rsv3,
    wanted,
    read,
  );
}

/** @param {Checks} t */
function wrongUse(t) {
  const { decodeFrameHeader, encodeFrameHeader } = codec;
  for (const payloadLength of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
    t.throws('no such length', () => encodeFrameHeader({ opcode: 2, payloadLength }), RangeError, payloadLength);
  }
  t.throws('no such opcode', () => encodeFrameHeader({ opcode: 16, payloadLength: 0 }), RangeError);
  t.throws('no such key', () => encodeFrameHeader({ opcode: 2, payloadLength: 0, maskingKey: 2 ** 32 }), RangeError);
  const none = new Uint8Array(0);
  t.throws('no such role', () => decodeFrameHeader(none, { role: /** @type {never} */ ('proxy') }), TypeError);
  t.throws('no such bit', () => decodeFrameHeader(none, { role: 'client', allowedRsv: 1 }), RangeError);
  t.throws('no such place', () => decodeFrameHeader(none, { role: 'client' }, 1), RangeError);
  t.throws('no bytes', () => decodeFrameHeader(/** @type {never} */ ([0x81]), { role: 'client' }), TypeError);
}
