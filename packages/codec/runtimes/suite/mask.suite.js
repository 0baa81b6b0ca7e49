import { frameByTheLetter, latin1, maskByTheLetter, Random } from './bytes.js';
import { bigUint64Kernel, codec } from './codecs.js';

/** @typedef {import('./checks.js').Checks} Checks */

const LONGEST = 300;
const SPAN = 8 + LONGEST + 12;
const KEYS = [0x37fa213d, 0xfedcba98];

/** @param {Checks} t */
export function maskSuite(t) {
  const plain = new Random(6455).bytes(SPAN);
  for (let phase = 0; phase < 4; phase++) {
    for (let alignment = 0; alignment < 8; alignment++) everyLength(t, plain, alignment, phase);
  }
  for (let phase = 0; phase < 4; phase++) kernel64(t, plain, phase);
  longOnes(t);
  wrongUse(t);
}

/** @param {Checks} t @param {Uint8Array} plain @param {number} alignment @param {number} phase */
function everyLength(t, plain, alignment, phase) {
  const key = /** @type {number} */ (KEYS[phase & 1]);
  const masked = maskByTheLetter(plain.subarray(alignment), key, phase);
  const found = new Int32Array(SPAN / 4);
  const wanted = new Int32Array(SPAN / 4);
  const target = new Uint8Array(found.buffer);
  const model = new Uint8Array(wanted.buffer);
  for (let length = 0; length <= LONGEST; length++) {
    model.set(plain);
    model.set(masked.subarray(0, length), alignment);
    target.set(plain);
    codec.applyMask(target.subarray(alignment, alignment + length), key, phase);
    t.check('masked in place, and nothing beside it', same(found, wanted), length, alignment, phase);

    // The source lies at every distance from the target's alignment, and must stay as it is.
    const shift = (length + phase) & 7;
    const source = new Uint8Array(length + 8).subarray(shift, shift + length);
    source.set(plain.subarray(alignment, alignment + length));
    target.set(plain);
    codec.maskInto(target, alignment, source, key, phase);
    t.check('masked into another array, and nothing beside it', same(found, wanted), length, alignment, phase, shift);
  }
}

/** @param {Int32Array} a @param {Int32Array} b */
function same(a, b) {
  for (let i = 0; i < SPAN / 4; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The 64-bit kernel, lent to a decoder: every length and phase, and every alignment of the chunk. The phase is how much
 * of the payload an earlier chunk has brought; without one, the frame is among several of its kind.
 *
 * @param {Checks} t @param {Uint8Array} plain @param {number} phase
 */
function kernel64(t, plain, phase) {
  const key = /** @type {number} */ (KEYS[phase & 1]);
  const text = latin1(plain);
  /** @type {string[]} */
  let found = [];
  const sink = {
    /** @param {Uint8Array} payload */
    message(payload) {
      found.push(latin1(payload));
    },
    ping() {},
    pong() {},
    close() {},
    violation() {},
  };
  const decoder = new codec.MessageDecoder({ role: 'server' }, {}, sink, { maskKernel: bigUint64Kernel });
  for (let length = 0; length <= LONGEST; length++) {
    const wanted = text.slice(0, phase + length);
    const frame = frameByTheLetter(0x82, plain.subarray(0, phase + length), key);
    const before = frame.length - length;
    const room = new Uint8Array(4 * frame.length + 8);
    for (let alignment = 0; alignment < 8; alignment++) {
      found = [];
      decoder.push(frame.subarray(0, before));
      const rest = room.subarray(alignment, alignment + length);
      rest.set(frame.subarray(before));
      decoder.push(rest);
      t.equal('unmasked by the 64-bit kernel', found.join(), wanted, length, alignment, phase);
      if (phase > 0) continue;
      const whole = room.subarray(alignment, alignment + 4 * frame.length);
      for (let i = 0; i < 4; i++) whole.set(frame, i * frame.length);
      found = [];
      decoder.push(whole);
      const four = [wanted, wanted, wanted, wanted].join();
      t.equal('unmasked by the 64-bit kernel among others', found.join(), four, length, alignment);
    }
  }
}

/** Where copying goes first (over 4 KiB), and where buffers are large. @param {Checks} t */
function longOnes(t) {
  const random = new Random(4097);
  for (const length of [4095, 4096, 4097, 4103, 8192, 20_001]) {
    const data = random.bytes(length);
    for (const phase of [0, 1, 2, 3]) {
      const key = random.int32();
      const wanted = latin1(maskByTheLetter(data, key, phase));
      const target = new Uint8Array(length + 5);
      codec.maskInto(target, 5, data, key, phase);
      t.check('a long payload is masked', latin1(target.subarray(5)) === wanted, length, phase);
      codec.applyMask(target.subarray(5), key, phase);
      t.check('a long payload comes back', latin1(target.subarray(5)) === latin1(data), length, phase);
    }
  }
}

/** @param {Checks} t */
function wrongUse(t) {
  const { applyMask, maskInto } = codec;
  const four = new Uint8Array(4);
  t.throws('a string is no data', () => applyMask(/** @type {never} */ ('x'), 1), TypeError);
  t.throws('words are no bytes', () => applyMask(/** @type {never} */ (new Int16Array(2)), 1), TypeError);
  t.throws('bytes are no key', () => applyMask(four, /** @type {never} */ (four)), TypeError);
  t.throws('a key has 32 bits', () => applyMask(four, 2 ** 32), RangeError);
  t.throws('a phase is not negative', () => applyMask(four, 1, -1), RangeError);
  t.throws('a target has room', () => maskInto(four, 1, four, 1), RangeError);
}
