/**
 * Takes each defence out, each in a run of its own, and runs the tests that carry the name of its row: one of them has
 * to fail, all of which pass in `npm test`. Nothing is written to the sources.
 *
 * Usage: node rows/run.js [row]...
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../scripts/run.js';
import { DEFENCES } from './defences.js';

/** How many rows run at a time: most of their tests wait for what does not come without the defence. */
const AT_ONCE = 3;

const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

const wanted = process.argv.slice(2);
const rows = DEFENCES.filter(({ row }) => wanted.length === 0 || wanted.includes(row));
for (const name of wanted) if (!rows.some(({ row }) => row === name)) throw new Error(`There is no row ${name}`);

let missed = 0;
const waiting = rows.values();
await Promise.all(Array.from({ length: AT_ONCE }, takeRows));
console.log(`${missed} of ${rows.length} defences are missed by a test when they are taken out`);
process.exitCode = missed === rows.length ? 0 : 1;

/** Takes rows until none waits. */
async function takeRows() {
  for (const { row, file } of waiting) {
    const verdict = await judge(row);
    if (verdict === 'red') missed++;
    console.log(`${row.padEnd(4)} without what ${file} does: ${verdict}`);
  }
}

/**
 * @param {string} row
 * @returns {Promise<string>}
 */
async function judge(row) {
  const { passed, stdout, stderr } = await runTests(row);
  const start = stdout.indexOf('{"numTotalTestSuites"');
  if (start === -1) return `NOT RUN: ${stdout}${stderr}`.slice(0, 2000);
  const report = JSON.parse(stdout.slice(start));
  if (report.numPassedTests + report.numFailedTests === 0) {
    const why = report.testResults.map((/** @type {{ message: string }} */ { message }) => message).join('\n');
    return `NO TEST that can be loaded has that name: ${why}${stderr}`;
  }
  // An error that no test has caught is no failed test, but a failed run.
  return passed ? 'GREEN: no test misses it' : 'red';
}

/**
 * @param {string} row
 * @returns {Promise<{ passed: boolean, stdout: string, stderr: string }>}
 */
function runTests(row) {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [VITEST, 'run', '--config', 'rows/vitest.config.ts'],
      { cwd: ROOT, env: { ...process.env, ROW: row }, maxBuffer: 2 ** 28 },
      (error, stdout, stderr) => resolve({ passed: error === null, stdout, stderr }),
    );
  });
}
