/** Echo in Deno: messages per second of the server's CPU time, over loopback, driven by wsload (C, one thread; needs gcc). */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { binaryOf, versionOf } from '@ws/runtimes';
import { median, printTable } from '../table.js';

const DENO = '@deno/linux-x64-glibc';
const CONTESTANTS = ['Deno', '@ws/deno-adapter', 'tcp'];
const CELLS = [
  { size: 16, connections: 1, outstanding: 1 },
  { size: 125, connections: 50, outstanding: 1 },
  { size: 16, connections: 1, outstanding: 16 },
  { size: 16, connections: 50, outstanding: 16 },
  { size: 1024, connections: 50, outstanding: 16 },
  { size: 16_384, connections: 50, outstanding: 1 },
];
const ROUNDS = 5;
const SECONDS = 1;

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

export async function benchDeno() {
  console.log(
    `Echo in Deno ${versionOf(DENO)}, binary: messages per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s;`,
    'Deno is Deno.serve with Deno.upgradeWebSocket, tcp a bare echo\n',
  );
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const wsload = join(folder, 'wsload');
  execFileSync('gcc', ['-O2', '-o', wsload, here('../wsload.c')], { stdio: 'inherit' });
  const servers = await Promise.all(CONTESTANTS.map((name) => startServer(name, folder)));
  try {
    const rows = [];
    for (const cell of CELLS) {
      const rates = CONTESTANTS.map(() => /** @type {number[]} */ ([]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, server] of servers.entries()) rates[i]?.push(measure(wsload, server, cell));
      }
      const [theirs = 0, ours = 0, tcp = 0] = rates.map(median);
      rows.push([
        ...[cell.size, cell.connections, cell.outstanding].map(String),
        ...[theirs, ours, tcp].map((rate) => Math.round(rate).toLocaleString('en')),
        `${(ours / theirs).toFixed(2)}x`,
        `${(ours / tcp).toFixed(2)}x`,
      ]);
    }
    printTable(['bytes', 'connections', 'outstanding', ...CONTESTANTS, 'against Deno', 'against tcp'], rows);
  } finally {
    for (const { child } of servers) child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} name @param {string} folder */
async function startServer(name, folder) {
  // What npm gets, with Deno's own caches out of the way.
  const args = [
    'run',
    '--no-remote',
    '--no-config',
    '--node-modules-dir=manual',
    '--allow-net',
    here('./server.js'),
    name,
  ];
  const env = { PATH: process.env['PATH'], HOME: folder, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
  const child = spawn(binaryOf(DENO, 'deno'), args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = /** @type {[string]} */ (await once(createInterface({ input: child.stdout }), 'line'));
  return { child, port, mode: name === 'tcp' ? 'raw' : 'echo' };
}

/**
 * @param {string} wsload
 * @param {Awaited<ReturnType<typeof startServer>>} server
 * @param {(typeof CELLS)[number]} cell
 */
function measure(wsload, { child, port, mode }, { size, connections, outstanding }) {
  const options = {
    '--url': `ws://127.0.0.1:${port}/`,
    '-s': size,
    '-c': connections,
    '-p': outstanding,
    '-d': SECONDS,
    '--pid': child.pid,
  };
  const output = execFileSync(wsload, [mode, ...Object.entries(options).flat().map(String)], { encoding: 'utf8' });
  const { errors, msgs_per_server_cpu_s: rate } = JSON.parse(output);
  if (errors !== 0) throw new Error(`wrong echoes: ${output}`);
  return rate;
}
