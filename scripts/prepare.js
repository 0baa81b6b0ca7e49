/**
 * Installs, and builds what a package imports, or all packages. Says one line, and everything if something fails.
 *
 * Usage: node scripts/prepare.js [package]
 */
import { run } from './run.js';

const [name] = process.argv.slice(2);
console.log('Preparing (the first time takes half a minute) …');
for (const [program = '', ...args] of [
  ['node', 'scripts/setup.js'],
  ['turbo', 'run', 'build', ...(name === undefined ? [] : [`--filter=${name}^...`])],
]) {
  const { ok, output } = run(program, args, { quiet: true });
  if (ok) continue;
  console.error(`${output}\nThis failed: ${[program, ...args].join(' ')}`);
  process.exit(1);
}
