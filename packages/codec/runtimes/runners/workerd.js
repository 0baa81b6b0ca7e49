import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerd as its } from '@ws/runtimes';
import { runProgram } from './program.js';

const CODEC = fileURLToPath(new URL('../..', import.meta.url));

/** @type {import('./runtimes.js').Runtime} */
export const workerd = {
  ...its,
  // It tells no program what it is but this.
  version: 'Cloudflare-Workers',
  run: () =>
    runProgram(its.binary(), (home) => {
      const path = join(home, 'config.capnp');
      writeFileSync(path, config());
      return ['test', `--import-path=${CODEC}`, path];
    }),
};

/**
 * A worker is a list of modules, the first of which is its entry. A query makes a module of its own here too, if
 * it is listed.
 */
function config() {
  const suite = readdirSync(join(CODEC, 'runtimes/suite')).map((name) => `runtimes/suite/${name}`);
  const names = [
    'runtimes/runners/worker.js',
    ...suite.filter((name) => name.endsWith('.js')),
    ...['dist/index.js', 'dist/index.js?pure', 'dist/mask-biguint64.js'],
  ];
  const modules = names.map((name) => `(name = "${name}", esModule = embed "/${name.replace(/\?.*/, '')}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "suite", worker = (compatibilityDate = "2025-01-01", modules = [${modules.join(', ')}]))],
);
`;
}
