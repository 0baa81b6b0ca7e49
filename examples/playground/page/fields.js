import { Opcode } from '@ws/codec';
import { toHex } from './bytes.js';

/** @import { ViolationName } from '@ws/codec' */

/**
 * A field of the frame's header, or 16 bits of a longer one, as RFC 6455 section 5.2 draws it.
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {string} bits
 * @property {string} value what the bits say
 */

/** @type {ReadonlyMap<number, string>} */
const names = new Map(Object.entries(Opcode).map(([name, opcode]) => [opcode, name]));

/** @param {number} opcode */
export function opcodeName(opcode) {
  return names.get(opcode) ?? `Reserved (${opcode})`;
}

/** @param {Uint8Array} bytes of a frame, from its first one on */
export function headerLength(bytes) {
  const byte1 = bytes[1] ?? 0;
  return 2 + extendedBytes(byte1) + (byte1 & 0x80 ? 4 : 0);
}

/**
 * The fields of a header as far as its bytes are there, legal or not: what is drawn is what crossed the wire.
 *
 * @param {Uint8Array} bytes of a frame, from its first one on
 * @returns {Field[]}
 */
export function fieldsOf(bytes) {
  const [byte0, byte1] = bytes;
  if (byte0 === undefined) return [];
  const first = bitsOf(byte0);
  const fields = [
    ...['FIN', 'RSV1', 'RSV2', 'RSV3'].map((name, i) => ({ name, bits: first.charAt(i), value: '' })),
    {
      name: 'opcode',
      bits: first.slice(4),
      value: opcodeName(byte0 & 0x0f)
        .toLowerCase()
        .replace(/ .*/, ''),
    },
  ];
  if (byte1 === undefined) return fields;
  const second = bitsOf(byte1);
  const length = byte1 & 0x7f;
  const where = ['', 'in the next 16 bits', 'in the next 64 bits'];
  fields.push({ name: 'MASK', bits: second.charAt(0), value: '' });
  fields.push({
    name: 'Payload len',
    bits: second.slice(1),
    value: length < 126 ? `${length}` : `${length}: ${where[length - 125]}`,
  });

  const extended = bytes.subarray(2, 2 + extendedBytes(byte1));
  fields.push(...halves('Extended payload length', extended, extended.length > 0 ? decimal(extended) : ''));
  if (byte1 & 0x80) {
    const at = 2 + extendedBytes(byte1);
    const key = bytes.subarray(at, at + 4);
    fields.push(...halves('Masking-key', key, toHex(key)));
  }
  return fields;
}

/**
 * The names of the fields that a violation is about; none if it is in the payload.
 *
 * @param {ViolationName} violation
 * @returns {readonly string[]}
 */
export function fieldsAtFault(violation) {
  switch (violation) {
    case 'reserved-bits':
      return ['RSV1', 'RSV2', 'RSV3'];
    case 'reserved-opcode':
    case 'orphan-continuation':
    case 'data-inside-message':
      return ['opcode'];
    case 'fragmented-control':
      return ['FIN'];
    case 'mask-missing':
    case 'mask-forbidden':
      return ['MASK'];
    case 'control-too-long':
    case 'close-payload-too-short':
      return ['Payload len'];
    case 'length-not-minimal':
    case 'length-top-bit':
    case 'length-unsafe':
    case 'frame-too-big':
    case 'message-too-big':
      return ['Extended payload length', 'Extended payload length (continued)'];
    default:
      return [];
  }
}

/** @param {number} byte1 */
function extendedBytes(byte1) {
  const length = byte1 & 0x7f;
  return length === 126 ? 2 : length === 127 ? 8 : 0;
}

/**
 * @param {string} name
 * @param {Uint8Array} bytes
 * @param {string} value
 * @returns {Field[]} one for each 16 bits; the RFC as well goes on in a next row
 */
function halves(name, bytes, value) {
  /** @type {Field[]} */
  const fields = [];
  for (let i = 0; i < bytes.length; i += 2) {
    const bits = Array.from(bytes.subarray(i, i + 2), bitsOf).join('');
    fields.push(i === 0 ? { name, bits, value } : { name: `${name} (continued)`, bits, value: '' });
  }
  return fields;
}

/** @param {number} byte */
function bitsOf(byte) {
  return byte.toString(2).padStart(8, '0');
}

/** @param {Uint8Array} bytes */
function decimal(bytes) {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n).toLocaleString('en');
}
