import { fileURLToPath } from 'node:url';
import { binaryOf, versionOf } from '@ws/runtimes';
import { runProgram } from './program.js';

const PACKAGE = '@deno/linux-x64-glibc';
const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/**
 * Without a permission, a network, or what the files around would configure.
 *
 * @type {import('./runtimes.js').Runtime}
 */
export const deno = {
  name: `Deno ${Number.parseInt(versionOf(PACKAGE), 10)}`,
  version: versionOf(PACKAGE),
  run: () =>
    runProgram(
      binaryOf(PACKAGE, 'deno'),
      () => ['run', '--no-remote', '--cached-only', '--no-config', '--no-lock', '--no-prompt', MAIN],
      { DENO_NO_PACKAGE_JSON: '1' },
    ),
};
