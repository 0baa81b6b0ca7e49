import { transcript, VIOLATIONS } from '@ws/testkit';
import { makeInput } from './input.js';
import { judge } from './judge.js';
import { minimise } from './minimise.js';

/**
 * @typedef {import('./input.js').Input} Input
 * @typedef {import('./judge.js').DecoderClass} DecoderClass
 * @typedef {{ index: number, input: Input, problem: string }} Failure
 */

/** The streams of one run, counted. */
export class Tally {
  streams = 0;
  frames = 0;
  /** How many streams broke each rule, or none. @type {Map<string, number>} */
  violations = new Map([...Object.keys(VIOLATIONS), 'legal'].map((name) => [name, 0]));
  /** The shortest stream for each violation and role. @type {Map<string, { index: number, length: number }>} */
  shortest = new Map();
  /** How many streams had so many frames. @type {number[]} */
  #lengths = [];

  /**
   * @param {number} index
   * @param {Input} input
   * @param {import('./judge.js').NaiveResult} naive
   */
  add(index, { rules, bytes }, { frames, violation }) {
    const name = violation?.violation ?? 'legal';
    this.streams++;
    this.frames += frames;
    this.violations.set(name, (this.violations.get(name) ?? 0) + 1);
    this.#lengths[frames] = (this.#lengths[frames] ?? 0) + 1;
    const kind = `${name}-${rules.role}`;
    if (bytes.length < (this.shortest.get(kind)?.length ?? Number.POSITIVE_INFINITY)) {
      this.shortest.set(kind, { index, length: bytes.length });
    }
  }

  /** Frames a stream, the naive codec's count: those that were begun up to the violation or the Close. */
  get median() {
    let seen = 0;
    return this.#lengths.findIndex((count = 0) => (seen += count) * 2 >= this.streams);
  }

  toString() {
    const lines = [...this.violations].map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`);
    return `${lines.join('\n')}\n${this.streams} streams, ${this.frames} frames, ${this.median} frames a stream (median)`;
  }
}

/**
 * Makes streams out of a seed and judges them, until there are enough frames, `goesOn` says no, or one fails.
 *
 * @param {{ seed: number, frames?: number | undefined, goesOn?: () => boolean, begins?: (index: number) => void,
 *   Decoder?: DecoderClass }} options
 * @returns {{ tally: Tally, failure: Failure | undefined }}
 */
export function fuzz({ seed, frames = Number.POSITIVE_INFINITY, goesOn = () => true, begins = () => {}, Decoder }) {
  const tally = new Tally();
  for (let index = 0; tally.frames < frames && (index % 1000 !== 0 || goesOn()); index++) {
    begins(index);
    const input = makeInput(seed, index);
    const { naive, problem } = judge(input, Decoder);
    if (problem !== undefined) return { tally, failure: { index, ...smallest(input, Decoder) } };
    tally.add(index, input, naive);
  }
  return { tally, failure: undefined };
}

/**
 * @param {Input} input that fails
 * @param {DecoderClass | undefined} Decoder
 */
export function smallest(input, Decoder) {
  const small = minimise(input, (candidate) => judge(candidate, Decoder).problem !== undefined);
  return { input: small, problem: judge(small, Decoder).problem ?? '' };
}

/**
 * The smallest input with the same violation.
 *
 * @param {Input} input
 */
export function smallestAlike(input) {
  const violation = judge(input).naive.violation?.violation;
  return minimise(input, (candidate) => judge(candidate).naive.violation?.violation === violation);
}

/**
 * An input of the corpus, as it was found and cut in every other way.
 *
 * @param {import('./corpus.js').Entry} entry
 * @param {DecoderClass} [Decoder]
 * @returns {string | undefined} what is wrong
 */
export function replay({ name, input, expected }, Decoder) {
  const { naive } = judge(input);
  const { events, violation } = naive;
  const lines = transcript(events, violation).join('\n');
  if (lines !== expected.join('\n'))
    return `${name}: the naive codec reads\n${lines}\ninstead of\n${expected.join('\n')}`;
  /** @type {import('@ws/testkit').Cuts[]} */
  const ways = [input.cuts, [], 'every byte', ...Array.from(input.bytes.subarray(0, 300), (_, cut) => [cut])];
  for (const cuts of ways) {
    for (const holds of [input.holds, /** @type {const} */ ('every event')]) {
      const { problem } = judge({ ...input, cuts, holds }, Decoder, naive);
      if (problem !== undefined) return `${name}, cuts ${cuts}, holds ${holds}: ${problem}`;
    }
  }
  return undefined;
}
