/**
 * Runs the suites in every runtime: all but Chromium, or with `--write` all, and then puts the table of how many checks
 * each has executed into the README.
 *
 * Usage: node conformance/run.js [--write]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { putTable, README } from './table.js';

/**
 * All but what compares with the README: that comes after it is written.
 *
 * @param {string} dir
 * @param {readonly string[]} args
 */
function vitest(dir, ...args) {
  const { status } = spawnSync('npx', ['vitest', 'run', ...args, '-t', '^(?!.*is what the README says)'], {
    cwd: fileURLToPath(new URL(dir, import.meta.url)),
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('a check has failed: the README says only what is so');
}

vitest('.');
if (process.argv.includes('--write')) {
  vitest('..', '--config', 'vitest.system.config.ts', 'conformance');
  const rows = ['rows', 'system-rows'].flatMap((name) =>
    JSON.parse(readFileSync(new URL(`.reports/${name}.json`, import.meta.url), 'utf8')),
  );
  writeFileSync(README, putTable(readFileSync(README, 'utf8'), rows));
}
