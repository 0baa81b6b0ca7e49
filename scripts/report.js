/**
 * What the tiers of tests counted, summed. Its last line is `N passed, N failed`.
 *
 * Usage: node scripts/report.js <tier>...
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './run.js';

/** @typedef {{ name: string, passed: number, failed: number, notes: string[] }} Count */

const pathOf = (/** @type {string} */ tier) => join(ROOT, '.reports', `${tier}.json`);

/** @param {string} tier */
export function forget(tier) {
  rmSync(pathOf(tier), { force: true });
}

/**
 * @param {string} tier
 * @param {Count[]} counts
 */
export function save(tier, counts) {
  mkdirSync(join(ROOT, '.reports'), { recursive: true });
  writeFileSync(pathOf(tier), JSON.stringify(counts, null, 2));
}

/**
 * @param {readonly string[]} tiers a tier that left no report did not run, which is a failure
 * @returns {boolean} whether everything passed
 */
export function print(tiers) {
  /** @type {Count[]} */
  const counts = tiers.flatMap((tier) => {
    if (existsSync(pathOf(tier))) return JSON.parse(readFileSync(pathOf(tier), 'utf8'));
    return [
      { name: `the ${tier} tier`, passed: 0, failed: 1, notes: ['it left no report: see where it stopped above'] },
    ];
  });
  const width = Math.max(...counts.map(({ name }) => name.length));
  console.log('');
  for (const { name, passed, failed, notes } of counts) {
    const figures = `${String(passed).padStart(6)} passed${failed === 0 ? '' : `, ${failed} failed`}`;
    console.log(`${failed === 0 ? '  ' : '! '}${name.padEnd(width)}${figures}`);
    for (const note of notes) console.log(`    ${note}`);
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = print(process.argv.slice(2)) ? 0 : 1;
}
