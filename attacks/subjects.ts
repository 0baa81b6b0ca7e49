import { createRequire } from 'node:module';
import { binaryOf, isTheirSystem, versionOf } from '@ws/runtimes';

/** A server under attack. A new one is a program in `servers/` and a line here. */
export interface Subject {
  readonly name: string;
  /** What else the table says of it: its version, and what runs it. */
  readonly versions: string;
  readonly command: () => readonly string[];
}

const DENO = '@deno/linux-x64-glibc';

const node = (name: string, program: string, version = ''): Subject => ({
  name,
  versions: `${version}Node ${process.versions.node}`,
  command: () => [process.execPath, '--expose-gc', `servers/${program}`],
});
const deno = (name: string, program: string): Subject => ({
  name,
  versions: `Deno ${versionOf(DENO)}`,
  command: () => {
    const quiet = ['--no-remote', '--cached-only', '--no-lock', '--no-prompt', '--v8-flags=--expose-gc'];
    const permissions = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys'];
    return [binaryOf(DENO, 'deno'), 'run', ...quiet, ...permissions, `servers/${program}`];
  },
});

export const ours: Subject = node('@ws/node-server', 'node-server.js');

/** Those beside it; Deno can be had on one system only. */
export const peers: readonly Subject[] = [
  ...(isTheirSystem ? [deno('@ws/deno-adapter', 'deno-adapter.js')] : []),
  node('ws', 'ws.js', `${createRequire(import.meta.url)('ws/package.json').version}, `),
  ...(isTheirSystem ? [deno('Deno.serve', 'deno.js')] : []),
];
