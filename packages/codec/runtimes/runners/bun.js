import { fileURLToPath } from 'node:url';
import { binaryOf, versionOf } from '@ws/runtimes';
import { runProgram } from './program.js';

const PACKAGE = '@oven/bun-linux-x64';
const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/** @type {import('./runtimes.js').Runtime} */
export const bun = {
  name: `Bun ${Number.parseInt(versionOf(PACKAGE), 10)}`,
  version: versionOf(PACKAGE),
  run: () => runProgram(binaryOf(PACKAGE, 'bin/bun'), () => ['--no-install', '--no-env-file', MAIN]),
};
