import { concat, hex, latin1 } from './bytes.js';
import { codec, hidden, pureCodec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */
/** @typedef {import('./codecs.js').Codec} Codec */

/** Unicode's table 3-7, well-formed byte sequences: a row has the range of each byte, here in hex digits. */
const TABLE_3_7 = [
  '00-7f',
  'c2-df 80-bf',
  'e0-e0 a0-bf 80-bf',
  'e1-ec 80-bf 80-bf',
  'ed-ed 80-9f 80-bf',
  'ee-ef 80-bf 80-bf',
  'f0-f0 90-bf 80-bf 80-bf',
  'f1-f3 80-bf 80-bf 80-bf',
  'f4-f4 80-8f 80-bf 80-bf',
].map((row) => row.split(' ').map((range) => range.split('-').map((digits) => Number.parseInt(digits, 16))));

/** The row of the table that a byte leads. */
const ROW_OF = Array.from({ length: 256 }, (_, byte) => TABLE_3_7.find((row) => isIn(byte, row[0])));

/** @param {number} byte @param {number[] | undefined} range */
function isIn(byte, [from = 256, to = -1] = []) {
  return from <= byte && byte <= to;
}

/**
 * The index of the first byte that cannot continue the text; `end` if a character is cut; -1 if all is well.
 *
 * @param {Uint8Array} bytes
 */
function firstBad(bytes) {
  const { length } = bytes;
  for (let i = 0; i < length; ) {
    const row = ROW_OF[/** @type {number} */ (bytes[i++])];
    if (row === undefined) return i - 1;
    for (let k = 1; k < row.length; k++, i++) {
      if (i === length) return i;
      if (!isIn(/** @type {number} */ (bytes[i]), row[k])) return i;
    }
  }
  return -1;
}

/**
 * After the stress test of Markus Kuhn: what a decoder takes and must not, or the other way round. With the index
 * of `firstBad`.
 *
 * @type {readonly [string, number][]}
 */
const STRESS = [
  // Correct text, and the first and the last character of each length
  ['cebae1bdb9cf83cebcceb5', -1],
  ['00', -1],
  ['7f', -1],
  ['c280', -1],
  ['dfbf', -1],
  ['e0a080', -1],
  ['efbfbf', -1],
  ['f0908080', -1],
  ['f48fbfbf', -1],
  // Around the surrogates and the end of Unicode, noncharacters, the replacement character, a BOM
  ['ed9fbf', -1],
  ['ee8080', -1],
  ['efbfbd', -1],
  ['efbfbe', -1],
  ['efbb bf41', -1],
  ['f4908080', 1],
  // Five and six bytes, as UTF-8 once had them
  ['f888808080', 0],
  ['fc8480808080', 0],
  ['f7bfbfbf', 0],
  // Continuation bytes with nothing to continue
  ['80', 0],
  ['bf', 0],
  ['4180', 1],
  ['80bf80bf', 0],
  ['c3a9bf', 2],
  // Leads with nothing behind them, or something else
  ['c020', 0],
  ['c320', 1],
  ['e020', 1],
  ['e18020', 2],
  ['f020', 1],
  ['f1808020', 3],
  ['f5', 0],
  ['fe', 0],
  ['ff', 0],
  ['fefeffff', 0],
  // Cut at the end
  ['c3', 1],
  ['e0', 1],
  ['e0a0', 2],
  ['ef bf', 2],
  ['f0', 1],
  ['f090', 2],
  ['f09080', 3],
  ['41f48fbf', 4],
  // Overlong forms of '/', of U+0000, and the last overlong ones
  ['c0af', 0],
  ['e080af', 1],
  ['f08080af', 1],
  ['c080', 0],
  ['e08080', 1],
  ['f0808080', 1],
  ['c1bf', 0],
  ['e09fbf', 1],
  ['f08fbfbf', 1],
  // Surrogates, alone and in pairs
  ['eda080', 1],
  ['edadbf', 1],
  ['edae80', 1],
  ['edb080', 1],
  ['edbfbf', 1],
  ['eda080edb080', 1],
  ['edafbfedbfbf', 1],
];

/** Code units without their partner, and what must come of them. @type {readonly [string, string][]} */
const LONE = [
  ['\ud800', 'efbfbd'],
  ['\udbff', 'efbfbd'],
  ['\udc00', 'efbfbd'],
  ['\udfff', 'efbfbd'],
  ['a\ud800b', '61efbfbd62'],
  ['\ud83d', 'efbfbd'],
  ['\ud83d\ud83d\ude00', 'efbfbdf09f9880'],
  ['\ud83d\ude00\ude00', 'f09f9880efbfbd'],
  ['\udc00\ud800', 'efbfbdefbfbd'],
  ['\ud800\ue000', 'efbfbdee8080'],
  ['\ud7ff\udc00', 'ed9fbfefbfbd'],
];

/** @param {Checks} t */
export function utf8Suite(t) {
  t.check('the second instance was loaded without TextDecoder and TextEncoder', hidden);
  t.check('there are two instances', codec.decodeUtf8 !== pureCodec.decodeUtf8);
  oneAndTwoBytes(t);
  edges(t);
  for (const instance of [codec, pureCodec]) {
    stress(t, instance);
    strings(t, instance);
  }
}

/** What a validator says, in the terms of `firstBad`. @param {Uint8Array} bytes */
function judge(bytes) {
  const validator = new codec.Utf8Validator();
  const bad = validator.push(bytes);
  return bad !== -1 ? bad : validator.complete ? -1 : bytes.length;
}

/** @param {Checks} t */
function oneAndTwoBytes(t) {
  const one = new Uint8Array(1);
  const two = new Uint8Array(2);
  for (let first = 0; first < 256; first++) {
    one[0] = two[0] = first;
    t.equal('one byte', judge(one), firstBad(one), first);
    for (let second = 0; second < 256; second++) {
      two[1] = second;
      t.equal('two bytes', judge(two), firstBad(two), first, second);
    }
  }
}

/** All sequences of three and four bytes at the edges of the table's ranges. @param {Checks} t */
function edges(t) {
  const leads = hex('7f c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5');
  const tails = hex('41 7f 80 8f 90 9f a0 bf c0 e2');
  const four = new Uint8Array(4);
  const three = four.subarray(0, 3);
  for (const a of leads) {
    for (const b of tails) {
      for (const c of tails) {
        four[0] = a;
        four[1] = b;
        four[2] = c;
        t.equal('three bytes', judge(three), firstBad(three), three);
        for (const d of hex('7f 80 bf c0')) {
          four[3] = d;
          t.equal('four bytes', judge(four), firstBad(four), four);
        }
      }
    }
  }
}

/** @param {Checks} t @param {Codec} codec */
function stress(t, codec) {
  for (const [digits, bad] of STRESS) {
    const bytes = hex(digits);
    t.equal('the oracle knows it', firstBad(bytes), bad, digits);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const validator = new codec.Utf8Validator();
      let found = validator.push(bytes, 0, cut);
      if (found === -1) found = validator.push(bytes, cut);
      t.equal('in two pieces', found === -1 && !validator.complete ? bytes.length : found, bad, digits, cut);
    }
    if (bad === -1)
      t.equal('valid text comes back', latin1(codec.encodeUtf8(codec.decodeUtf8(bytes))), latin1(bytes), digits);
    else t.throws('other text is not decoded', () => codec.decodeUtf8(bytes), TypeError, digits);
    const { length } = bytes;
    if (length > 123) continue;
    const close = codec.decodeClose(concat([hex('03e8'), bytes]));
    const offset = 2 + Math.min(bad, length - 1);
    t.check(
      'as a close reason',
      bad === -1
        ? 'reason' in close && close.reason === codec.decodeUtf8(bytes)
        : 'violation' in close && close.violation === 'close-reason-not-utf8' && close.offset === offset,
      digits,
      close,
    );
  }
}

/** UTF-8 by the arithmetic of RFC 3629. @param {number} point @param {number[]} to */
function encodeByTheLetter(point, to) {
  if (point < 0x80) to.push(point);
  else if (point < 0x800) to.push(0xc0 | (point >> 6), 0x80 | (point & 63));
  else if (point < 0x10000) to.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  else to.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
}

/** @param {Checks} t @param {Codec} codec */
function strings(t, codec) {
  const { decodeUtf8, encodeUtf8 } = codec;
  // Every character of the basic plane, 16 at a time, and 16 of each 4096 above it.
  for (let start = 0; start < 0x110000; start += start < 0x10000 ? 16 : 4096) {
    if (start >= 0xd800 && start < 0xe000) continue;
    const points = Array.from({ length: 16 }, (_, i) => start + i);
    const text = String.fromCodePoint(...points);
    /** @type {number[]} */
    const wanted = [];
    for (const point of points) encodeByTheLetter(point, wanted);
    t.equal('text is encoded', latin1(encodeUtf8(text)), latin1(Uint8Array.from(wanted)), start);
    t.equal('text is decoded', decodeUtf8(Uint8Array.from(wanted)), text, start);
  }
  // Every surrogate alone.
  for (let unit = 0xd800; unit < 0xe000; unit++) {
    t.equal('a lone surrogate is replaced', latin1(encodeUtf8(String.fromCharCode(unit))), '\u00ef\u00bf\u00bd', unit);
  }
  for (const [text, digits] of LONE) {
    t.equal('lone surrogates are replaced', latin1(encodeUtf8(text)), latin1(hex(digits)), digits);
  }
  t.equal('a BOM is kept', decodeUtf8(hex('efbbbf41')), '\ufeffA');
  t.equal('no text is no bytes', encodeUtf8('').length, 0);
  t.equal('no bytes are no text', decodeUtf8(new Uint8Array(0)), '');
}
