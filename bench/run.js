/**
 * All figures of the README, in one run: `npm run bench`, or `npm run bench -- decode` or `-- echo` for a part.
 *
 * Contestants take turns within a round, so that what else the machine does falls on all of them alike; a figure is the
 * median over the rounds. Only ratios within one table compare.
 */
import { cpus } from 'node:os';
import { benchDecode } from './decode/bench.js';
import { benchEcho } from './echo/bench.js';
import { version } from './version.js';

const parts = process.argv.slice(2);
const wanted = (/** @type {string} */ part) => parts.length === 0 || parts.includes(part);

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ws ${version('ws')}, bufferutil ${version('bufferutil')}\n`,
);
if (wanted('decode')) await benchDecode();
if (wanted('echo')) await benchEcho();
