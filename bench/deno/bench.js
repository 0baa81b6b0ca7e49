/** Echo in Deno: messages per second of the server's CPU time, over loopback, driven by wsload. */
import { fileURLToPath } from 'node:url';
import { deno } from '@ws/runtimes';
import { takeTurns } from '../server/turns.js';
import { printTable } from '../table.js';
import { load, startServer, withWsload } from '../wsload.js';

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

export async function benchDeno() {
  console.log(
    `Echo in Deno ${deno.version}, binary: messages per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s;`,
    'Deno is Deno.serve with Deno.upgradeWebSocket, tcp a bare echo\n',
  );
  const program = deno.binary();
  // What npm gets: by the configuration of Deno, the packages would be their sources.
  const args = ['run', '--no-remote', '--no-config', '--node-modules-dir=manual', '--allow-net'];
  const server = fileURLToPath(new URL('./server.js', import.meta.url));
  await withWsload(async (wsload) => {
    const servers = await Promise.all(CONTESTANTS.map((name) => startServer(program, [...args, server, name])));
    const rows = [];
    for (const cell of CELLS) {
      const echo = { ...cell, seconds: SECONDS };
      // The bare echo is the last.
      const results = await takeTurns(servers, ROUNDS, (server) =>
        load(wsload, server === servers.at(-1) ? 'raw' : 'echo', server, echo),
      );
      const [theirs = 0, ours = 0, tcp = 0] = results.map((result) => result['msgs_per_server_cpu_s'] ?? 0);
      rows.push([
        ...[cell.size, cell.connections, cell.outstanding].map(String),
        ...[theirs, ours, tcp].map((rate) => Math.round(rate).toLocaleString('en')),
        `${(ours / theirs).toFixed(2)}x`,
        `${(ours / tcp).toFixed(2)}x`,
      ]);
    }
    for (const { child } of servers) child.kill();
    printTable(['bytes', 'connections', 'outstanding', ...CONTESTANTS, 'against Deno', 'against tcp'], rows);
  });
}
