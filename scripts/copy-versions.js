/**
 * Copies the version of each package that goes to JSR from its package.json, which changesets write, into its
 * deno.json, of which they know nothing.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.js';

for (const name of readdirSync(join(ROOT, 'packages'))) {
  const path = join(ROOT, 'packages', name, 'deno.json');
  if (!existsSync(path)) continue;
  const { version } = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8'));
  writeFileSync(path, readFileSync(path, 'utf8').replace(/(?<="version": ")[^"]*/, version));
}
