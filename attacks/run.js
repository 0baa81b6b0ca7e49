/**
 * Runs the catalogue against every server and prints the table, or with `--write` puts it into the README.
 *
 * Usage: node attacks/run.js [--write]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { putTable, README, tableOfColumns } from './table.js';

const REPORTS = new URL('./.reports/', import.meta.url);
const columnFiles = () =>
  (existsSync(REPORTS) ? readdirSync(REPORTS) : []).filter((name) => name.endsWith('.column.json'));

for (const name of columnFiles()) rmSync(new URL(name, REPORTS));
// All but what compares with the README: that comes after it is written.
const { status } = spawnSync('npx', ['vitest', 'run', '-t', '^(?!.*are what the README says)'], {
  cwd: fileURLToPath(new URL('.', import.meta.url)),
  stdio: 'inherit',
});
if (status !== 0) throw new Error('an attack on our server has not failed: the README says only what is so');

/** @type {import('./table.js').Column[]} */
const columns = columnFiles().map((name) => JSON.parse(readFileSync(new URL(name, REPORTS), 'utf8')));
// Those with the scope of the house come first.
columns.sort((a, b) => Number(b.name.startsWith('@')) - Number(a.name.startsWith('@')) || (a.name < b.name ? 1 : -1));
const table = tableOfColumns(columns);
if (process.argv.includes('--write')) writeFileSync(README, putTable(readFileSync(README, 'utf8'), table));
else console.log(table);
