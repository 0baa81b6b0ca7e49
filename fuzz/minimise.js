import { concat, decodeNaively } from '@ws/testkit';

/** @typedef {import('./input.js').Input} Input */

/** So many trials and no more: what is left then is small enough for a person. */
const MOST_TRIALS = 20_000;

/**
 * The smallest input found for which `keeps` still holds: parts are left out, larger ones first, until none can be.
 *
 * @param {Input} input
 * @param {(input: Input) => boolean} keeps
 * @returns {Input}
 */
export function minimise(input, keeps) {
  let trials = 0;
  let best = input;
  /** @param {Partial<Input>} change */
  const accept = (change) => {
    const candidate = { ...best, ...change };
    if (++trials > MOST_TRIALS || !keeps(candidate)) return false;
    best = candidate;
    return true;
  };
  const dropEvents = () => {
    const ends = [0, ...decodeNaively(best.bytes, best.rules).ends];
    for (let i = ends.length - 1; i > 0; i--) {
      const { bytes } = best;
      accept({ bytes: concat([bytes.subarray(0, ends[i - 1]), bytes.subarray(ends[i])]) });
    }
  };
  /** @param {number} at */
  const clearBits = (at) => {
    for (let bit = 0x80; bit > 0; bit >>= 1) {
      const byte = best.bytes[at] ?? 0;
      if ((byte & bit) !== 0) accept({ bytes: changed(best.bytes, at, byte & ~bit) });
    }
  };
  for (let before; before !== best && trials < MOST_TRIALS; ) {
    before = best;
    for (const key of /** @type {const} */ (['ended', 'allowedRsv', 'maxFramePayload', 'maxMessagePayload'])) {
      if (best.rules[key]) accept({ rules: { ...best.rules, [key]: undefined } });
    }
    if (best.holds.length > 0) accept({ holds: [] });
    if (best.cuts.length > 0) accept({ cuts: [] });
    if (best.cuts !== 'every byte') dropParts(best.cuts, (cuts) => accept({ cuts }));
    if (best.holds !== 'every event') dropParts(best.holds, (holds) => accept({ holds }));
    dropEvents();
    dropParts([...best.bytes], (bytes) => accept({ bytes: Uint8Array.from(bytes) }));
    for (let at = 0; at < best.bytes.length; at++) {
      if (best.bytes[at] !== 0 && !accept({ bytes: changed(best.bytes, at, 0) })) clearBits(at);
    }
  }
  return best;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} byte
 */
function changed(bytes, at, byte) {
  const copy = Uint8Array.from(bytes);
  copy[at] = byte;
  return copy;
}

/**
 * @param {readonly number[]} list
 * @param {(list: number[]) => boolean} accept
 */
function dropParts(list, accept) {
  // Halves first; then every size that a header or a small frame can have.
  for (let size = list.length; size >= 1; size = size > 24 ? Math.floor(size / 2) : size - 1) {
    for (let at = 0; at < list.length; ) {
      const shorter = [...list.slice(0, at), ...list.slice(at + size)];
      if (accept(shorter)) list = shorter;
      else at += size;
    }
  }
}
