import { fileURLToPath } from 'node:url';
import { deno as its } from '@ws/runtimes';
import { runProgram } from './program.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/**
 * Without a permission, a network, or what the files around would configure.
 *
 * @type {import('./runtimes.js').Runtime}
 */
export const deno = {
  ...its,
  run: () =>
    runProgram(
      its.binary(),
      () => ['run', '--no-remote', '--cached-only', '--no-config', '--no-lock', '--no-prompt', MAIN],
      { DENO_NO_PACKAGE_JSON: '1' },
    ),
};
