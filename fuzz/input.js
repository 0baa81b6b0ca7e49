import { mutate, Random, randomCuts, randomRules, randomStream } from '@ws/testkit';

/**
 * One input of the fuzzer: bytes, and how they come. `rules.ended` says whether the decoder is told of their end.
 *
 * @typedef {object} Input
 * @property {import('@ws/testkit').NaiveRules} rules
 * @property {Uint8Array} bytes
 * @property {import('@ws/testkit').Cuts} cuts where the chunks are cut
 * @property {readonly number[] | 'every event'} holds the numbers of the events in which the sink calls hold()
 */

/**
 * What is worth trying beside streams that were built: bytes that have a meaning at the start of a frame, and noise.
 */
const HEADER_BYTES = [0x00, 0x01, 0x02, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0xc1, 0xfe, 0xff];

/** Every stream has a random source of its own, so that one of a million can be made again without the others.
 *
 * @param {number} seed of the run
 * @param {number} index of the stream in it
 * @returns {Input}
 */
export function makeInput(seed, index) {
  const random = new Random(seed ^ Math.imul(index + 1, 0x9e3779b1));
  const rules = randomRules(random);
  const bytes = makeBytes(random, rules);
  return { rules, bytes, cuts: randomCuts(random, bytes.length), holds: makeHolds(random) };
}

/**
 * @param {Random} random
 * @param {import('@ws/testkit').NaiveRules} rules
 * @returns {Uint8Array}
 */
function makeBytes(random, rules) {
  const kind = random.below(20);
  if (kind === 0) return random.bytes(random.below(64));
  if (kind === 1) return headers(random);
  const { bytes } = randomStream(random, rules, 10);
  if (kind > 7) return bytes;
  return Array.from({ length: 1 + random.below(2) }).reduce(
    (/** @type {Uint8Array} */ mutant) => mutate(random, mutant),
    bytes,
  );
}

/** @param {Random} random */
function headers(random) {
  return Uint8Array.from({ length: random.below(120) }, () =>
    random.oneIn(4) ? random.below(256) : random.pick(HEADER_BYTES),
  );
}

/** @param {Random} random */
function makeHolds(random) {
  if (!random.oneIn(3)) return [];
  if (random.oneIn(4)) return 'every event';
  return Array.from({ length: 1 + random.below(4) }, () => random.below(12));
}
