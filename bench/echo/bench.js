/** Echo: messages per second of the server's CPU time, over loopback, driven by wsload (C, one thread; needs gcc). */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../table.js';

const CONTESTANTS = ['ws', '@ws/node-server', 'net'];
const CELLS = [
  { size: 16, connections: 50, outstanding: 1 },
  { size: 125, connections: 50, outstanding: 1 },
  { size: 1024, connections: 50, outstanding: 1 },
  { size: 125, connections: 500, outstanding: 1 },
  { size: 16, connections: 50, outstanding: 16 },
  { size: 125, connections: 50, outstanding: 16 },
  { size: 1024, connections: 50, outstanding: 16 },
  { size: 16, connections: 1, outstanding: 100 },
  { size: 16_384, connections: 50, outstanding: 1 },
  { size: 1_048_576, connections: 1, outstanding: 16 },
];
const ROUNDS = 3;
const SECONDS = 1.5;

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {string} node the program that runs the servers */
export async function benchEcho(node) {
  console.log(
    `Echo, binary: messages per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s; net is a bare TCP echo, the limit\n`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const wsload = join(folder, 'wsload');
  try {
    execFileSync('gcc', ['-O2', '-o', wsload, here('../wsload.c')], { stdio: 'inherit' });
    const servers = await Promise.all(CONTESTANTS.map((name) => startServer(node, name)));
    const rows = [];
    for (const cell of CELLS) {
      const rates = CONTESTANTS.map(() => /** @type {number[]} */ ([]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, server] of servers.entries()) rates[i]?.push(measure(wsload, server, cell));
      }
      const [ws = 0, ours = 0, net = 0] = rates.map(median);
      rows.push([
        ...[cell.size, cell.connections, cell.outstanding].map(String),
        ...[ws, ours, net].map((rate) => Math.round(rate).toLocaleString('en')),
        `${(ours / ws).toFixed(2)}x`,
        `${(ours / net).toFixed(2)}x`,
      ]);
    }
    for (const { child } of servers) child.kill();
    printTable(['bytes', 'connections', 'outstanding', ...CONTESTANTS, 'against ws', 'against net'], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} node @param {string} name */
async function startServer(node, name) {
  const child = spawn(node, [here('./server.js'), name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = /** @type {[string]} */ (await once(createInterface({ input: child.stdout }), 'line'));
  return { child, port, mode: name === 'net' ? 'raw' : 'echo' };
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
