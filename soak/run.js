/**
 * The soak: 2 x 5 minutes of 10,000 connections, a third of them with faults; then what was lost, and what has stayed
 * behind.
 *
 * Usage: npm run soak -- [--minutes 5] [--connections 10000] [--seed S] [--write]
 */
import { parseArgs } from 'node:util';
import { tableOf } from '../scripts/markdown.js';
import { judgeLeftover, judgeTraffic, soak } from './soak.js';
import { finish, machine, mebibytes, writeReadme } from './table.js';

const string = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({
  options: { minutes: string, connections: string, seed: string, write: { type: 'boolean' } },
});

const minutes = numberOf('minutes') ?? 5;
const connections = numberOf('connections') ?? 10_000;
const seed = numberOf('seed') ?? Math.floor(Math.random() * 2 ** 31);

console.log(`seed ${seed}; 2 x ${minutes} minutes, and about half a minute beside each`);
const { before, runs } = await soak({ connections, seconds: minutes * 60, seed, say: console.log });

const [first, second] = runs;
if (first === undefined || second === undefined) throw new Error('there were no two runs');
const rows = [
  row('connections open at the beginning', ({ open }) => count(open)),
  row('healthy: messages', ({ healthy }) => `${count(healthy.messages)} in ${mebibytes(healthy.bytes)}`),
  row('healthy: pings', ({ healthy }) => count(healthy.pings)),
  row('healthy: lost, reordered, corrupted', ({ healthy }) => count(healthy.wrong)),
  row('faulty: opened', ({ faulty }) => count(faulty.opened)),
  row('faulty: messages', ({ faulty }) => `${count(faulty.messages)} in ${mebibytes(faulty.bytes)}`),
  row('faulty: reordered, corrupted', ({ faulty }) => count(faulty.wrong)),
  row('faults', ({ faulty }) => names(faulty.faults)),
  row('event loop of the server, p50, p99, most', ({ loop }) => ms(loop.p50, loop.p99, loop.max)),
  left('RSS', ({ rss }) => mebibytes(rss)),
  left('arrayBuffers', ({ arrayBuffers }) => mebibytes(arrayBuffers)),
  left('heap', ({ heapUsed }) => mebibytes(heapUsed)),
  left('handles', ({ handles }) => names(handles)),
];
const words = `${machine()}; seed ${seed}, ${connections} connections, 2 x ${minutes} minutes.`;
const table = tableOf(['', 'before', 'run 1', 'run 2'], rows);
console.log(`\n${words}\n\n${table}\n`);
if (values.write) writeReadme('soak', `${words}\n\n${table}`);
finish([...judgeTraffic(first), ...judgeTraffic(second), ...judgeLeftover(first.leftover, second.leftover)]);

/** @param {string} what @param {(run: import('./soak.js').Run) => string} cell */
function row(what, cell) {
  return [what, '', ...runs.map(cell)];
}

/** @param {string} what @param {(leftover: import('./soak.js').Leftover) => string} cell */
function left(what, cell) {
  return [`left: ${what}`, cell(before), ...runs.map(({ leftover }) => cell(leftover))];
}

/** @param {number} number */
function count(number) {
  return number.toLocaleString('en');
}

/** @param {Record<string, number>} counts */
function names(counts) {
  return Object.entries(counts)
    .map(([name, number]) => `${count(number)} ${name}`)
    .sort()
    .join(', ');
}

/** @param {readonly number[]} times */
function ms(...times) {
  return `${times.map((time) => time.toFixed(1)).join(', ')} ms`;
}

/** @param {'minutes' | 'connections' | 'seed'} name */
function numberOf(name) {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new RangeError(`--${name} takes a number that is not negative, but it was "${values[name]}"`);
}
