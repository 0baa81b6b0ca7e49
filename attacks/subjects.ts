import { createRequire } from 'node:module';
import { deno as itsDeno, needsRuntimes } from '@ws/runtimes';

/** A server under attack. A new one is a program in `servers/` and a line here. */
export interface Subject {
  readonly name: string;
  /** What else the table says of it: its version, and what runs it. */
  readonly versions: string;
  readonly command: () => readonly string[];
  /** The options of the tests that run it. */
  readonly needs: Partial<typeof needsRuntimes>;
}

const node = (name: string, program: string, version = ''): Subject => ({
  name,
  versions: `${version}Node ${process.versions.node}`,
  command: () => [process.execPath, '--expose-gc', `servers/${program}`],
  needs: {},
});
const deno = (name: string, program: string): Subject => ({
  name,
  versions: `Deno ${itsDeno.version}`,
  command: () => {
    const quiet = ['--no-remote', '--cached-only', '--no-lock', '--no-prompt', '--v8-flags=--expose-gc'];
    const permissions = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys'];
    return [itsDeno.binary(), 'run', ...quiet, ...permissions, `servers/${program}`];
  },
  needs: needsRuntimes,
});

/** Those that have to hold. */
export const ours: readonly Subject[] = [
  node('@ws/node-server', 'node-server.js'),
  deno('@ws/deno-adapter', 'deno-adapter.js'),
];

/** Those beside them. */
export const peers: readonly Subject[] = [
  node('ws', 'ws.js', `${createRequire(import.meta.url)('ws/package.json').version}, `),
  deno('Deno.serve', 'deno.js'),
];
