import { fileURLToPath } from 'node:url';
import { bun as its } from '@ws/runtimes';
import { runProgram } from './program.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/** @type {import('./runtimes.js').Runtime} */
export const bun = {
  ...its,
  run: () => runProgram(its.binary(), () => ['--no-install', '--no-env-file', MAIN]),
};
