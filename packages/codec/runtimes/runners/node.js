import { fileURLToPath } from 'node:url';
import { binaryOf, versionOf } from '@ws/runtimes';
import { runProgram } from './program.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/** The Node that runs this, whichever it is. @type {import('./runtimes.js').Runtime} */
export const thisNode = {
  name: 'this Node',
  version: process.versions.node,
  run: () => runProgram(process.execPath, () => [MAIN]),
};

/** @type {import('./runtimes.js').Runtime[]} */
export const nodes = ['node-20', 'node-22', 'node-24', 'node-26'].map((name) => ({
  name: `Node ${Number.parseInt(versionOf(name), 10)}`,
  version: versionOf(name),
  run: () => runProgram(binaryOf(name, 'bin/node'), () => [MAIN]),
}));
