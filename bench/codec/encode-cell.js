import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { encodeFrameInto, Maskable, Opcode } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';

/** @typedef {{ size: number, masked: boolean }} EncodeCell */

const FRAMES = 256;
const load = createRequire(import.meta.url);
/** Of what was encoded last, so that no engine finds that nobody wants it. */
export const last = { frame: /** @type {unknown} */ (undefined) };

/**
 * @param {string} contestant
 * @param {EncodeCell} cell
 * @returns {import('./worker.js').Work}
 */
export function encodeCell(contestant, { size, masked }) {
  const payload = randomBytes(size);
  return contestant.startsWith('ws') ? theirs(payload, masked) : ours(payload, masked);
}

/** @param {Buffer} payload @param {boolean} masked */
function theirs(payload, masked) {
  const { Sender } = load('ws');
  const mask = Buffer.alloc(4);
  let key = 1;
  const options = {
    fin: true,
    opcode: 2,
    rsv1: false,
    // The payload is the caller's, as it is with us.
    readOnly: true,
    mask: masked,
    maskBuffer: mask,
    // Both take keys that cost nothing: where they come from is not what is measured.
    generateMask: (/** @type {Buffer} */ mask) => mask.writeInt32BE((key = (key * 5 + 1) | 0), 0),
  };
  return {
    run() {
      for (let i = 0; i < FRAMES; i++) last.frame = Sender.frame(payload, options);
      return FRAMES;
    },
  };
}

/** @param {Buffer} payload @param {boolean} masked */
function ours(payload, masked) {
  const bytes = new Uint8Array(FRAMES * (payload.length + 14));
  const target = new Maskable(bytes, bigUint64Kernel);
  const frame = { opcode: Opcode.Binary, payload };
  let key = 1;
  return {
    run() {
      let at = 0;
      for (let i = 0; i < FRAMES; i++) {
        at = encodeFrameInto(target, at, frame, masked ? (key = (key * 5 + 1) | 0) : undefined);
      }
      last.frame = at;
      return FRAMES;
    },
  };
}
