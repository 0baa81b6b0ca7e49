import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bun, deno, needsRuntimes, nodes } from '@ws/runtimes';
import { temporaryHome } from '@ws/runtimes/home';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../runtimes/main.js', import.meta.url));

const quiet = ['--no-remote', '--cached-only', '--no-lock', '--no-prompt'];
const runtimes = [
  ...nodes.map((node) => ({ ...node, args: [] })),
  { ...deno, args: ['run', ...quiet, '--allow-read', '--allow-env'] },
  { ...bun, args: ['--no-install', '--no-env-file'] },
];

test.each(runtimes)(
  '$name has zlib inside and out, and pako: the built package is right in it',
  needsRuntimes,
  (runtime) => {
    const home = temporaryHome();
    try {
      const options = { env: home.env, cwd: home.path, encoding: 'utf8' } as const;
      const { stdout, stderr } = spawnSync(runtime.binary(), [...runtime.args, MAIN], options);
      expect(stderr).toBe('');
      const { runtime: version, checks, failures } = JSON.parse(stdout);
      expect({ version, failures }).toEqual({ version: runtime.version, failures: [] });
      expect(checks).toBeGreaterThan(250);
    } finally {
      home.remove();
    }
  },
);
