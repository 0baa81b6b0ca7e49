import { binaryOf, versionOf } from '@ws/runtimes';

/** A server in a runtime, for the suite to judge. */
export interface Subject {
  /** The package, and the runtime with its major version. */
  readonly server: string;
  readonly runtime: string;
  /** The program and its arguments; throws `Missing` of @ws/runtimes where it cannot be had. */
  readonly command: () => readonly string[];
}

const DENO = '@deno/linux-x64-glibc';
const BUN = '@oven/bun-linux-x64';
const major = (name: string): number => Number.parseInt(versionOf(name), 10);
const deno = (...permissions: string[]) => {
  const quiet = ['run', '--no-remote', '--cached-only', '--no-lock', '--no-prompt'];
  return [binaryOf(DENO, 'deno'), ...quiet, ...permissions];
};

/**
 * All of them. A new one is a program in `servers/` and a line here. The program starts a server for each of its
 * `wanted` options, says which ports they have with `listening`, and gives each connection to `behave`.
 */
export const subjects: readonly Subject[] = [
  ...['node-20', 'node-22', 'node-24', 'node-26'].map((name) => ({
    server: '@ws/node-server',
    runtime: `Node ${major(name)}`,
    command: () => [binaryOf(name, 'bin/node'), 'servers/node-server.js'],
  })),
  {
    server: '@ws/node-server',
    runtime: `Bun ${major(BUN)}`,
    command: () => [binaryOf(BUN, 'bin/bun'), '--no-install', '--no-env-file', 'servers/node-server.js'],
  },
  {
    server: '@ws/node-server',
    runtime: `Deno ${major(DENO)}`,
    command: () => [...deno('--allow-net', '--allow-read', '--allow-env', '--allow-sys'), 'servers/node-server.js'],
  },
];
