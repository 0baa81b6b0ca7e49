import { bun, deno, nodes } from '@ws/runtimes';

/** A runtime, and how it runs a program of this folder. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** Throws `Missing` of @ws/runtimes where it cannot be had. */
  readonly run: (program: string) => readonly string[];
}

const inDeno: Runtime = {
  ...deno,
  run(program) {
    const quiet = ['--no-remote', '--cached-only', '--no-lock', '--no-prompt'];
    const permissions = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys'];
    return [deno.binary(), 'run', ...quiet, ...permissions, program];
  },
};

export const runtimes: readonly Runtime[] = [
  ...nodes.map((node) => ({ ...node, run: (program: string) => [node.binary(), program] })),
  { ...bun, run: (program) => [bun.binary(), '--no-install', '--no-env-file', program] },
  inDeno,
];

/** What a suite judges. */
export interface Subject {
  readonly what: string;
  readonly runtime: string;
  /** What the runtime must say that it is. */
  readonly version: string;
  readonly command: () => readonly string[];
}

const subject = (what: string, { name, version, run }: Runtime, program: string): Subject => ({
  what,
  runtime: name,
  version,
  command: () => run(program),
});

/**
 * The servers. A new one is a program in `servers/` and a line here. The program starts a server for each of its
 * `wanted` options, says which ports they have with `listening`, and gives each connection to `behave`.
 */
export const servers: readonly Subject[] = [
  ...runtimes.map((runtime) => subject('@ws/node-server', runtime, 'servers/node-server.js')),
  ...runtimes.map((runtime) => subject('openStreams', runtime, 'servers/streams.js')),
  subject('@ws/deno-adapter', inDeno, 'servers/deno-adapter.js'),
];

/** The clients. One runs `client.suite.js` against the server whose port is its argument, and prints the outcome. */
export const clients: readonly Subject[] = [
  ...runtimes.map((runtime) => subject('openStreams', runtime, 'clients/streams.js')),
];
