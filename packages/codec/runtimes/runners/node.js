import { fileURLToPath } from 'node:url';
import { nodes as all } from '@ws/runtimes';
import { runProgram } from './program.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/** The Node that runs this, whichever it is. @type {import('./runtimes.js').Runtime} */
export const thisNode = {
  name: 'this Node',
  version: process.versions.node,
  run: () => runProgram(process.execPath, () => [MAIN]),
};

/** @type {import('./runtimes.js').Runtime[]} */
export const nodes = all.map((node) => ({ ...node, run: () => runProgram(node.binary(), () => [MAIN]) }));
