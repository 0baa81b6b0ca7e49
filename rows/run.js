/**
 * Takes each defence out, one at a time, and runs the tests that carry the name of its row: one of them has to fail,
 * all of which pass in `npm test`. Nothing is written to the sources.
 *
 * Usage: node rows/run.js [row]...
 */
import { spawnSync } from 'node:child_process';
import { ROOT } from '../scripts/run.js';
import { DEFENCES } from './defences.js';

const wanted = process.argv.slice(2);
const rows = DEFENCES.filter(({ row }) => wanted.length === 0 || wanted.includes(row));
for (const name of wanted) if (!rows.some(({ row }) => row === name)) throw new Error(`There is no row ${name}`);

let missed = 0;
for (const { row, file } of rows) {
  const verdict = judge(row);
  if (verdict === 'red') missed++;
  console.log(`${row.padEnd(4)} without what ${file} does: ${verdict}`);
}
console.log(`${missed} of ${rows.length} defences are missed by a test when they are taken out`);
process.exitCode = missed === rows.length ? 0 : 1;

/** @param {string} row */
function judge(row) {
  const { status, stdout, stderr } = spawnSync('npx', ['vitest', 'run', '--config', 'rows/vitest.config.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, ROW: row },
    maxBuffer: 2 ** 28,
  });
  const start = stdout.indexOf('{"numTotalTestSuites"');
  if (start === -1) return `NOT RUN: ${stdout}${stderr}`.slice(0, 2000);
  const report = JSON.parse(stdout.slice(start));
  if (report.numPassedTests + report.numFailedTests === 0) return `NO TEST that can be loaded has that name: ${stderr}`;
  // An error that no test has caught is no failed test, but a failed run.
  return status === 0 ? 'GREEN: no test misses it' : 'red';
}
