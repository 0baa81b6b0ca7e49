import { codec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */
/** @typedef {'server' | 'client' | 'observer'} Role */
/** @typedef {string | undefined} Verdict the violation, if it is one */

/** @type {readonly Role[]} */
const ROLES = ['server', 'client', 'observer'];

/** Section 5.2: what each of the 16 opcodes is. */
const KINDS = 'continuation data data - - - - - close ping ping - - - - -'.split(' ');

/**
 * The rules on byte 0, in the order in which they are judged; the first that is broken is the violation. Those on the
 * order of frames are for a reader that knows whether it is inside of a message.
 *
 * @type {readonly [violation: string, broken: (kind: string, fin: boolean, rsv: number, allowedRsv: number, inside?:
 *   boolean) => boolean][]}
 */
const BYTE_0 = [
  ['reserved-opcode', (kind) => kind === '-'],
  ['reserved-bits', (kind, _, rsv, allowedRsv) => rsv !== 0 && (kind !== 'data' || (rsv & ~allowedRsv) !== 0)],
  ['fragmented-control', (kind, fin) => !fin && (kind === 'close' || kind === 'ping')],
  ['orphan-continuation', (kind, _fin, _rsv, _allowed, inside) => inside === false && kind === 'continuation'],
  ['data-inside-message', (kind, _fin, _rsv, _allowed, inside) => inside === true && kind === 'data'],
];

/**
 * @type {readonly [violation: string, broken: (kind: string, masked: boolean, length: number, role: Role) =>
 *   boolean][]}
 */
const BYTE_1 = [
  ['mask-missing', (_, masked, __, role) => !masked && role === 'server'],
  ['mask-forbidden', (_, masked, __, role) => masked && role === 'client'],
  ['control-too-long', (kind, _, length) => length > 125 && (kind === 'close' || kind === 'ping')],
  ['close-payload-too-short', (kind, _, length) => kind === 'close' && length === 1],
];

/** @param {number} byte0 @param {number} allowedRsv @param {boolean} [inside] @returns {Verdict} */
function judge0(byte0, allowedRsv, inside) {
  const kind = kindOf(byte0);
  return BYTE_0.find(([, broken]) => broken(kind, byte0 >= 0x80, byte0 & 0x70, allowedRsv, inside))?.[0];
}

/** @param {string} kind @param {number} byte1 @param {Role} role @returns {Verdict} */
function judge1(kind, byte1, role) {
  return BYTE_1.find(([, broken]) => broken(kind, byte1 >= 0x80, byte1 & 0x7f, role))?.[0];
}

/** @param {number} byte0 */
function kindOf(byte0) {
  return /** @type {string} */ (KINDS[byte0 & 15]);
}

/** @param {Checks} t */
export function firstTwoBytesSuite(t) {
  for (const role of ROLES) {
    allPairs(t, role);
    inAndOutOfMessages(t, role);
  }
}

/** A byte 1 of each kind, without a mask and with one. */
const BYTES_1 = [0, 1, 2, 125, 126, 127, 0x80, 0x81, 0x82, 0xfd, 0xfe, 0xff];

/**
 * `decodeFrameHeader` on every pair; where extensions use reserved bits, on a pair of each kind.
 *
 * @param {Checks} t
 * @param {Role} role
 */
function allPairs(t, role) {
  const bytes = new Uint8Array(2);
  const every = Array.from({ length: 256 }, (_, byte1) => byte1);
  /** What byte 1 is worth depends on the kind of the frame, and no more. @type {Record<string, Verdict[]>} */
  const verdicts1 = {};
  for (const kind of new Set(KINDS)) verdicts1[kind] = every.map((byte1) => judge1(kind, byte1, role));

  for (const allowedRsv of [0, 0x40]) {
    const rules = { role, allowedRsv };
    for (let byte0 = 0; byte0 < 256; byte0++) {
      const verdict0 = judge0(byte0, allowedRsv);
      const verdicts = verdicts1[kindOf(byte0)];
      bytes[0] = byte0;
      for (const byte1 of allowedRsv === 0 ? every : BYTES_1) {
        bytes[1] = byte1;
        const read = codec.decodeFrameHeader(bytes, rules);
        const right = isRight(read, byte0, byte1, verdict0 ?? verdicts?.[byte1], verdict0 === undefined ? 1 : 0);
        t.check('two bytes are judged', right, role, byte0, byte1, read);
      }
    }
  }
}

/**
 * @param {import('../../dist/index.js').DecodedFrameHeader} read
 * @param {number} byte0 @param {number} byte1 @param {Verdict} verdict @param {number} offset
 */
function isRight(read, byte0, byte1, verdict, offset) {
  if (verdict !== undefined) return 'violation' in read && read.violation === verdict && read.offset === offset;
  const length = byte1 & 0x7f;
  const more = (length === 126 ? 2 : length === 127 ? 8 : 0) + (byte1 >= 0x80 ? 4 : 0);
  if (more > 0) return 'needed' in read && read.needed === more;
  if (!('header' in read) || read.bytesRead !== 2) return false;
  const { fin, rsv1, rsv2, rsv3, opcode, maskingKey, payloadLength } = read.header;
  const bits = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0);
  return (bits | opcode) === byte0 && maskingKey === undefined && payloadLength === length;
}

/**
 * `FrameDecoder` on every byte 0 with each kind of byte 1, between messages and inside of one.
 *
 * @param {Checks} t
 * @param {Role} role
 */
function inAndOutOfMessages(t, role) {
  /** @type {string} */
  let found;
  const sink = {
    frame() {},
    begin() {},
    part() {},
    /** @param {{ violation: string, offset: number }} error */
    violation({ violation, offset }) {
      found = `${violation} @${offset}`;
    },
  };
  const opening = role === 'server' ? [2, 0x80, 0, 0, 0, 0] : [2, 0];
  for (const before of [[], opening]) {
    for (let byte0 = 0; byte0 < 256; byte0++) {
      const verdict0 = judge0(byte0, 0, before.length > 0);
      for (const byte1 of BYTES_1) {
        const verdict = verdict0 ?? judge1(kindOf(byte0), byte1, role);
        const offset = before.length + (verdict0 === undefined ? 1 : 0);
        found = 'legal';
        new codec.FrameDecoder({ role }, sink).push(Uint8Array.of(...before, byte0, byte1));
        const wanted = verdict === undefined ? 'legal' : `${verdict} @${offset}`;
        t.equal('a frame is judged where it stands', found, wanted, role, before.length, byte0, byte1);
      }
    }
  }
}
