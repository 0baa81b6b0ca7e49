/**
 * Installs what package.json and the lock file say, with the pnpm that package.json names.
 *
 * pnpm may have to rebuild node_modules (another store, a changed setting) and must not run out of it then: `--prefix`
 * keeps npx from taking the pnpm in there. `--prod=false`: NODE_ENV=production is no reason to leave the tools out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.js';

const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const { ok, output } = run('npx', [
  '--yes',
  '--no-update-notifier',
  '--prefix=scripts',
  packageManager,
  'install',
  '--frozen-lockfile',
  '--prod=false',
]);
if (output !== '') console.error(output);
process.exitCode = ok ? 0 : 1;
