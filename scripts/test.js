/**
 * Runs a tier of the tests, all of it, whatever fails on the way, and ends with a summary.
 *
 * Usage: node scripts/test.js unit | system
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countSystem, countTap, countUnit, forgetSystemReport, forgetUnitReports } from './count.js';
import { forget, print, save } from './report.js';
import { ROOT, run } from './run.js';

/**
 * A step counts as one check, or, with `count`, as the tests that it ran. After a failed `gate` the rest cannot run.
 *
 * @typedef {import('./report.js').Count} Count
 * @typedef {{ name: string, command: string[], gate?: boolean, before?: () => void, count?: () => Count[] }} Step
 */

const TAP = join('.reports', 'scripts.tap');
const scriptTests = readdirSync(join(ROOT, 'scripts')).filter((name) => name.endsWith('.test.js'));

/** @type {Step} */
const build = { name: 'build', command: ['turbo', 'run', 'build', '--output-logs=full'], gate: true };

/** @type {Record<string, Step[]>} */
const TIERS = {
  unit: [
    {
      name: 'format and lint',
      command: ['biome', 'ci', '--error-on-warnings', ...(process.stdout.isTTY ? [] : ['--colors=off']), '.'],
    },
    { name: 'directions of imports', command: ['node', 'scripts/check-imports.js'] },
    // Changesets compares with the branch main, which a shallow or detached clone does not have.
    ...(run('git', ['rev-parse', '--verify', '--quiet', 'main'], { quiet: true }).ok
      ? [{ name: 'changesets', command: ['changeset', 'status'] }]
      : []),
    build,
    {
      name: 'scripts',
      command: [
        ...['node', '--test', '--test-reporter=dot', '--test-reporter-destination=stdout'],
        ...['--test-reporter=tap', `--test-reporter-destination=${TAP}`],
        ...scriptTests.map((name) => `scripts/${name}`),
      ],
      before: () => rmSync(join(ROOT, TAP), { force: true }),
      count: () => [countTap('scripts', readFileSync(join(ROOT, TAP), 'utf8'))],
    },
    { name: 'types of scripts and configuration', command: ['tsc', '-p', '.'] },
    { name: 'types of packages', command: ['turbo', 'run', 'typecheck', '--continue', '--output-logs=full'] },
    {
      name: 'tests',
      // One package at a time: vitest itself uses every core.
      command: ['turbo', 'run', 'test', '--continue', '--concurrency=1', '--output-logs=full'],
      before: forgetUnitReports,
      count: countUnit,
    },
    { name: 'API reference', command: ['typedoc'] },
    { name: 'sizes', command: ['node', 'scripts/size.js'] },
    { name: 'packed packages', command: ['node', 'scripts/check-packages.js'] },
  ],
  system: [
    { name: 'programs of the system tier', command: ['sh', 'scripts/install-system.sh'] },
    build,
    {
      name: 'system tests',
      command: ['vitest', 'run', '--config', 'vitest.system.config.ts'],
      before: forgetSystemReport,
      count: countSystem,
    },
    { name: 'each defence is missed when it is taken out', command: ['node', 'rows/run.js'] },
  ],
};

/**
 * @param {Step} step
 * @returns {{ ok: boolean, counts: Count[] }}
 */
function take({ name, command: [program = '', ...args], before, count }) {
  console.log(`\n=== ${name}`);
  before?.();
  const { ok, output } = run(program, args);
  if (output !== '') console.error(output);
  const again = `failed; alone: ${[...(program === 'node' ? [] : ['npx']), program, ...args].join(' ')}`;
  if (count === undefined) {
    return { ok, counts: [{ name, passed: Number(ok), failed: Number(!ok), notes: ok ? [] : [again] }] };
  }
  const counts = count();
  if (!ok && counts.every(({ failed }) => failed === 0)) counts.push({ name, passed: 0, failed: 1, notes: [again] });
  return { ok, counts };
}

const [tier = ''] = process.argv.slice(2);
const steps = TIERS[tier];
if (steps === undefined) throw new Error(`There is no tier "${tier}": choose one of ${Object.keys(TIERS).join(', ')}`);

forget(tier);
mkdirSync(join(ROOT, '.reports'), { recursive: true });
/** @type {Count[]} */
const counts = [];
let stopped = '';
for (const step of steps) {
  if (stopped !== '') {
    counts.push({ name: step.name, passed: 0, failed: 1, notes: [`did not run, because this failed: ${stopped}`] });
    continue;
  }
  const result = take(step);
  counts.push(...result.counts);
  if (step.gate && !result.ok) stopped = step.name;
}
save(tier, counts);
process.exitCode = print([tier]) ? 0 : 1;
