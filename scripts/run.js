import { execFile, spawnSync } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '..');

/** What lies beside `packages`. A folder without a package.json has its dependencies in that of the root. */
export const FOLDERS = 'attacks bench conformance examples fuzz mutation rows runtimes scripts soak'.split(' ');

/**
 * Runs a program, the tools in node_modules before those of the machine, in the repository's root. Tools send no
 * telemetry, and NODE_ENV=production around us changes nothing.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, cwd?: string }} options quiet: hold the output back instead of showing it
 * @returns {{ ok: boolean, output: string }}
 */
export function run(program, args, { quiet = false, cwd = ROOT } = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    ...surroundings(cwd),
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
  });
  return {
    ok: status === 0,
    output: `${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : `${program}: ${error.message}`}`,
  };
}

/**
 * The same, quiet, beside others.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} options
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export function runBeside(program, args, { cwd = ROOT } = {}) {
  return new Promise((done) => {
    execFile(program, args, surroundings(cwd), (error, stdout, stderr) => {
      const failure = typeof error?.code === 'string' ? `${program}: ${error.message}` : '';
      done({ ok: error === null, output: `${stdout}${stderr}${failure}` });
    });
  });
}

/** @param {string} cwd */
function surroundings(cwd) {
  const { NODE_ENV: _, ...env } = process.env;
  return {
    cwd,
    encoding: /** @type {const} */ ('utf8'),
    shell: process.platform === 'win32',
    maxBuffer: 1 << 28,
    env: {
      ...env,
      PATH: join(ROOT, 'node_modules', '.bin') + delimiter + env['PATH'],
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    },
  };
}
