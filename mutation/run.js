/**
 * Mutation tests: Stryker changes the sources of a package in one place at a time, and its tests should fail each time.
 * Prints the mutants that survive, leaves a report in mutation/reports, and fails if under 90 % are found.
 *
 * Usage: node mutation/run.js <package> [file of its src]... [--concurrency N] [--incremental]
 *
 * `--incremental` runs again only what a changed source or test concerns, for the time of mending: it overlooks new
 * tests of what is computed when a file is loaded.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, run } from '../scripts/run.js';

const ENOUGH = 0.9;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { concurrency: { type: 'string', default: '1' }, incremental: { type: 'boolean', default: false } },
});
const [name = '', ...files] = positionals;
if (!existsSync(join(ROOT, 'packages', name, 'package.json')) || name === '') {
  throw new Error(`There is no package "${name}": choose one of ${readdirSync(join(ROOT, 'packages')).join(', ')}`);
}
const src = `packages/${name}/src`;
for (const file of files) if (!existsSync(join(ROOT, src, file))) throw new Error(`There is no ${src}/${file}`);

// Beside the workspace: 64 MB that nothing else needs.
take('pnpm', ['--dir=mutation', 'install', '--frozen-lockfile', '--ignore-workspace', '--ignore-scripts', '--silent']);
take('turbo', ['run', 'build', `--filter=@ws/${name}^...`]);
process.env['MUTATED_PACKAGE'] = name;
const { ok } = run('mutation/node_modules/.bin/stryker', [
  ...['run', 'mutation/stryker.config.js', `--concurrency=${values.concurrency}`],
  ...(values.incremental ? ['--incremental'] : []),
  ...(files.length > 0 ? ['--mutate', files.map((file) => `${src}/${file}`).join()] : []),
]);
if (!ok) process.exit(1);

/** @type {{ status: string }[]} */
const mutants = Object.values(
  JSON.parse(readFileSync(join(ROOT, 'mutation/reports', `${name}.json`), 'utf8')).files,
).flatMap((file) => file.mutants);
// Whatever was not found has survived, also what a comment has disabled. An error of the run is a test file that could
// not be loaded with the mutant in place.
const found = mutants.filter(({ status }) => ['Killed', 'Timeout', 'RuntimeError'].includes(status)).length;
console.log(
  `${found} of ${mutants.length} mutants of @ws/${name} found: ${((100 * found) / mutants.length).toFixed(1)} %`,
);
process.exitCode = found >= ENOUGH * mutants.length ? 0 : 1;

/**
 * @param {string} program
 * @param {string[]} args
 */
function take(program, args) {
  const { ok, output } = run(program, args, { quiet: true });
  if (ok) return;
  console.error(`${output}\nThis failed: ${[program, ...args].join(' ')}`);
  process.exit(1);
}
