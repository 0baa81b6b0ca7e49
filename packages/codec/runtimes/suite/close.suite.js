import { codec } from './codecs.js';

/** Section 7.4 and IANA's registry: the codes that may stand in a Close frame. */
const ON_THE_WIRE = [
  [1000, 1003],
  [1007, 1014],
  [3000, 4999],
];

/** @param {import('./checks.js').Checks} t */
export function closeSuite(t) {
  const { decodeClose, encodeClose, isWireCloseCode } = codec;
  const legal = new Uint8Array(65_536);
  for (const [from, to] of ON_THE_WIRE) legal.fill(1, from, /** @type {number} */ (to) + 1);

  const payload = new Uint8Array(2);
  for (let code = 0; code < 65_536; code++) {
    t.equal('a close code is legal or not', isWireCloseCode(code), legal[code] === 1, code);
    payload[0] = code >> 8;
    payload[1] = code;
    const close = decodeClose(payload);
    t.check(
      'a close code is read or refused',
      legal[code] === 1
        ? 'code' in close && close.code === code && close.reason === ''
        : 'violation' in close && close.violation === 'close-code-illegal' && close.offset === 1,
      code,
    );
    if (legal[code] !== 1) continue;
    const written = encodeClose(code);
    t.check('a close code is written', written.length === 2 && written[0] === code >> 8 && written[1] === (code & 255));
  }
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_536, -1, 1000.5, Number.NaN]) {
    t.throws('a code that may not be sent is not written', () => encodeClose(code), RangeError, code);
  }

  for (let length = 0; length <= 130; length++) {
    const reason = 'r'.repeat(length);
    if (length > codec.MAX_REASON_BYTES) {
      t.throws('a reason that is too long is not written', () => encodeClose(1000, reason), RangeError, length);
    } else {
      const close = decodeClose(encodeClose(1000, reason));
      t.check('a reason comes back', 'code' in close && close.code === 1000 && close.reason === reason, length);
    }
  }
  t.throws('the bytes of a reason count, not its characters', () => encodeClose(1000, '€'.repeat(42)), RangeError);
  t.throws('a reason needs a code', () => encodeClose(undefined, 'why'), TypeError);
  t.equal('no code is no payload', encodeClose().length, 0);
}
