/** Servers of their own process, and wsload (C, one thread; needs gcc) to load them. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @typedef {{ child: import('node:child_process').ChildProcess, port: string }} Server */

/**
 * Compiles wsload for as long as `use` needs it.
 *
 * @template T
 * @param {(wsload: string) => Promise<T>} use gets the path of the program
 */
export async function withWsload(use) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const wsload = join(folder, 'wsload');
    const source = fileURLToPath(new URL('wsload.c', import.meta.url));
    execFileSync('gcc', ['-O2', '-o', wsload, source], { stdio: 'inherit' });
    return await use(wsload);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Starts a server that prints its port.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<Server>}
 */
export async function startServer(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = /** @type {[string]} */ (await once(createInterface({ input: child.stdout }), 'line'));
  return { child, port };
}

/**
 * What wsload says of a server.
 *
 * @param {string} wsload
 * @param {string} mode
 * @param {Server} server
 * @param {{ scheme?: string | undefined, path?: string, size?: number, connections: number, outstanding?: number,
 *   seconds: number, flags?: readonly string[] }} options
 * @returns {Record<string, number>}
 */
export function load(wsload, mode, { child, port }, options) {
  const { scheme = 'ws', path = '/', size = 16, connections, outstanding = 1, seconds, flags = [] } = options;
  const values = {
    '--url': `${scheme}://127.0.0.1:${port}${path}`,
    '-s': size,
    '-c': connections,
    '-p': outstanding,
    '-d': seconds,
    '--warmup': Math.min(0.2, seconds),
    '--pid': child.pid,
  };
  const args = [mode, ...Object.entries(values).flat().map(String), ...flags];
  const output = execFileSync(wsload, args, { encoding: 'utf8' });
  const result = JSON.parse(output);
  if (result.errors !== 0) throw new Error(`wrong echoes: ${output}`);
  return result;
}
