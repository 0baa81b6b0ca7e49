/**
 * Runs one suite over the built package in every runtime, and tells how many checks each has executed.
 *
 * Usage: node packages/codec/runtimes/run.js [--json] [name...]    these runtimes; all but Chromium if none is named
 *        node packages/codec/runtimes/run.js --write               all of them, and the table in the README after that
 *
 * What is missing is installed first, on Linux on x64; that a runtime cannot run there is a failure. On another
 * system it is told as not run.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isTheirSystem, Missing } from '@ws/runtimes';
import { putSection, tableOf } from '../../../scripts/markdown.js';
import { everywhere, promised, unitTier } from './runners/runtimes.js';

/**
 * @typedef {import('./runners/runtimes.js').Runtime} Runtime
 * @typedef {{ name: string, runtime?: string, checks: number, failures: string[], notRun?: string }} Result
 */

const README = new URL('../README.md', import.meta.url);
const BEGIN = '<!-- runtimes: written by `node packages/codec/runtimes/run.js --write` -->';
const END = '<!-- /runtimes -->';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, write: { type: 'boolean' } },
});
const chosen = positionals.length > 0 ? positionals.map(named) : values.write ? everywhere : unitTier;

/** @type {Result[]} */
const results = [];
// One after the other: each takes a processor for itself.
for (const runtime of chosen) {
  const result = await take(runtime);
  console.error(inWords(result));
  results.push(result);
}
const counts = new Set(results.filter(({ notRun }) => notRun === undefined).map(({ checks }) => checks));
const [checks = 0] = counts;
if (counts.size > 1) console.error(`! the numbers of checks differ: ${[...counts].join(', ')}`);
const ok = counts.size === 1 && results.every(({ failures }) => failures.length === 0);
process.exitCode = ok ? 0 : 1;

// No times, and no versions but those that we choose, so that the same sources make the same table.
const rows = promised.map(({ name }) => [name, checks.toLocaleString('en')]);
const table = tableOf(['runtime', 'checks'], rows, 1);
if (values.json) console.log(JSON.stringify({ results, table }));
if (values.write) {
  if (!ok || results.some(({ notRun }) => notRun !== undefined)) throw new Error('the README says only what has run');
  writeFileSync(README, putSection(readFileSync(README, 'utf8'), BEGIN, END, table));
}

/** @param {string} name @returns {Runtime} */
function named(name) {
  const found = everywhere.find((runtime) => runtime.name.startsWith(name));
  if (found !== undefined) return found;
  throw new Error(
    `There is no runtime "${name}": choose of ${everywhere.map((runtime) => `"${runtime.name}"`).join(', ')}`,
  );
}

/** @param {Runtime} runtime @returns {Promise<Result>} */
async function take({ name, version, run }) {
  try {
    const outcome = await run();
    if (!outcome.runtime.includes(version))
      outcome.failures.push(`it should be ${version}, and says ${outcome.runtime}`);
    return { name, ...outcome };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!(error instanceof Missing)) return { name, checks: 0, failures: [why] };
    return { name, checks: 0, failures: isTheirSystem ? [why] : [], notRun: why };
  }
}

/** @param {Result} result */
function inWords({ name, runtime = '', checks, failures, notRun }) {
  const lines = failures.map((failure) => `\n    ${failure}`).join('');
  const figures =
    notRun === undefined ? `${checks} checks, ${failures.length || 'none'} failed` : `did not run: ${notRun}`;
  return `${failures.length === 0 ? ' ' : '!'} ${name.padEnd(34)} ${figures}${runtime && ` (${runtime})`}${lines}`;
}
