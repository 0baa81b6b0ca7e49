/** Echo: messages per second of the server's CPU time, over loopback, driven by wsload (C, one thread; needs gcc). */
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../table.js';
import { load, startServer, withWsload } from '../wsload.js';

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

const SERVER = fileURLToPath(new URL('server.js', import.meta.url));

/** @param {string} node the program that runs the servers */
export async function benchEcho(node) {
  console.log(
    `Echo, binary: messages per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s; net is a bare TCP echo, the limit\n`,
  );
  await withWsload(async (wsload) => {
    const servers = await Promise.all(CONTESTANTS.map((name) => startServer(node, [SERVER, name])));
    const rows = [];
    for (const cell of CELLS) {
      const rates = CONTESTANTS.map(() => /** @type {number[]} */ ([]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [i, server] of servers.entries()) {
          const mode = CONTESTANTS[i] === 'net' ? 'raw' : 'echo';
          rates[i]?.push(load(wsload, mode, server, { ...cell, seconds: SECONDS })['msgs_per_server_cpu_s'] ?? 0);
        }
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
  });
}
