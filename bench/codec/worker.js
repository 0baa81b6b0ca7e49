/**
 * One contestant in a process of its own, so that it does not find the engine's caches full of another's shapes: told a
 * cell, it answers with the nanoseconds per item that it took.
 */
import { codecCell } from './decode-cell.js';
import { encodeCell } from './encode-cell.js';
import { maskCell } from './mask-cell.js';

/**
 * A piece of work: `run` does it once and says how many items that were.
 *
 * @typedef {{ run(): number }} Work
 */

/** Long enough that the clock and the collector weigh little. */
const ROUND_NANOSECONDS = 50e6;

const KINDS = { decode: codecCell, encode: encodeCell, mask: maskCell };

/** @type {Map<string, Work>} */
const works = new Map();

process.on('message', (/** @type {{ kind: keyof typeof KINDS, contestant: string, cell: any }} */ message) => {
  const { kind, contestant, cell } = message;
  const name = JSON.stringify(message);
  const work = works.get(name) ?? KINDS[kind](contestant, cell);
  works.set(name, work);
  let items = 0;
  let elapsed = 0;
  const start = process.hrtime.bigint();
  while (elapsed < ROUND_NANOSECONDS) {
    items += work.run();
    elapsed = Number(process.hrtime.bigint() - start);
  }
  process.send?.(elapsed / items);
});
