import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { binaryOf, isTheirSystem, Missing, versionOf } from '@ws/runtimes';
import { temporaryHome } from '@ws/runtimes/home';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../runtimes/main.js', import.meta.url));

/** The package of each runtime, its program in it, and the arguments. */
const runtimes: [string, string, string[]][] = [
  ...['node-20', 'node-22', 'node-24', 'node-26'].map((name): [string, string, string[]] => [name, 'bin/node', []]),
  [
    '@deno/linux-x64-glibc',
    'deno',
    ['run', '--no-remote', '--cached-only', '--no-lock', '--no-prompt', '--allow-read', '--allow-env'],
  ],
  ['@oven/bun-linux-x64', 'bin/bun', ['--no-install', '--no-env-file']],
];

test.each(runtimes)('%s has zlib inside and out, and pako: the built package is right in it', (name, path, args) => {
  let program: string;
  try {
    program = binaryOf(name, path);
  } catch (error) {
    // On other systems there is none to run.
    if (error instanceof Missing && !isTheirSystem) return;
    throw error;
  }
  const home = temporaryHome();
  try {
    const { stdout, stderr } = spawnSync(program, [...args, MAIN], { env: home.env, cwd: home.path, encoding: 'utf8' });
    expect(stderr).toBe('');
    const { runtime, checks, failures } = JSON.parse(stdout);
    expect({ runtime, failures }).toEqual({ runtime: versionOf(name), failures: [] });
    expect(checks).toBeGreaterThan(250);
  } finally {
    home.remove();
  }
});
