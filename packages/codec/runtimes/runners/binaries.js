import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The runtimes that are programs come as npm packages, optional dependencies of a package of their own in ../binaries: optional, so that
 * an installation on another system goes without them; of their own, so that @ws/codec has no such
 * dependency, and so that the `node` of one of them never stands before the developer's own in `node_modules/.bin`.
 */
const MANIFEST = new URL('../binaries/package.json', import.meta.url);

/** @type {Record<string, string>} */
const SPECIFIERS = JSON.parse(readFileSync(MANIFEST, 'utf8')).optionalDependencies;

/** What is not there, so that a runtime cannot run here. */
export class Missing extends Error {}

/**
 * @param {string} name a package of ../binaries/package.json
 * @returns {string} its version, whether it is installed or not
 */
export function versionOf(name) {
  const version = SPECIFIERS[name]?.split('@').at(-1);
  if (version === undefined) throw new Error(`${name} is not in ${MANIFEST.pathname}`);
  return version;
}

/**
 * @param {string} name a package of ../binaries/package.json
 * @param {string} path of the program in it
 * @returns {string} where it is
 * @throws Missing
 */
export function binaryOf(name, path) {
  const here = createRequire(import.meta.url).resolve('@ws/runtime-binaries/package.json');
  try {
    const program = join(dirname(createRequire(realpathSync(here)).resolve(`${name}/package.json`)), path);
    if (existsSync(program)) return program;
  } catch {
    // Not installed.
  }
  throw new Missing(
    `${name}@${versionOf(name)} is not installed (it is for Linux on x64; there, run \`npm run setup\`)`,
  );
}
