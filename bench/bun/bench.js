/** Bun's own WebSocket server beside @ws/node-server on Bun and on Node: what it is better at, and what not. */
import { fileURLToPath } from 'node:url';
import { binaryOf, bun, versionOf } from '@ws/runtimes';
import { takeTurns } from '../server/turns.js';
import { printTable } from '../table.js';
import { load, startServer, withWsload } from '../wsload.js';

const CELLS = [
  { size: 16, connections: 50, outstanding: 1 },
  { size: 125, connections: 500, outstanding: 1 },
  { size: 125, connections: 50, outstanding: 16 },
  { size: 1024, connections: 50, outstanding: 16 },
  { size: 16, connections: 1, outstanding: 100 },
  { size: 16_384, connections: 50, outstanding: 1 },
];
const ROUNDS = 3;
const SECONDS = 1.5;
const IDLE = 2000;

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

export async function benchBun() {
  const program = bun.binary();
  const node = binaryOf('node-24', 'bin/node');
  const ours = [here('../server/node.js'), '@ws/node-server'];
  /** @type {[string, string, string[]][]} */
  const contestants = [
    ['Bun.serve', program, [here('./server.js')]],
    ['@ws/node-server, Bun', program, ['--no-install', '--no-env-file', ...ours]],
    ['@ws/node-server, Node', node, ours],
  ];
  const names = contestants.map(([name]) => name);
  console.log(
    `Bun ${bun.version}, Node ${versionOf('node-24')}. Echo, binary: messages per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s\n`,
  );
  const start = () => Promise.all(contestants.map(([, program, args]) => startServer(program, args)));
  await withWsload(async (wsload) => {
    const servers = await start();
    const rows = [];
    for (const cell of CELLS) {
      const echo = { ...cell, seconds: SECONDS };
      const results = await takeTurns(servers, ROUNDS, (server) => load(wsload, 'echo', server, echo));
      const [theirs = 0, ...others] = results.map((result) => result['msgs_per_server_cpu_s'] ?? 0);
      rows.push([
        ...[cell.size, cell.connections, cell.outstanding].map(String),
        ...[theirs, ...others].map((rate) => Math.round(rate).toLocaleString('en')),
        ...others.map((rate) => `${(rate / theirs).toFixed(2)}x`),
      ]);
    }
    for (const { child } of servers) child.kill();
    const against = names.slice(1).map((name) => `${name.replace('@ws/node-server, ', '')} / Bun.serve`);
    printTable(['bytes', 'connections', 'outstanding', ...names, ...against], rows);

    console.log(
      `Memory (RSS) that each of ${IDLE} connections adds, after an echo each, and one second at rest, in KiB\n`,
    );
    const kib = [];
    for (const server of await start()) {
      const idle = { connections: IDLE, seconds: 1, flags: ['--touch'] };
      kib.push(((load(wsload, 'idle', server, idle)['bytes_per_conn'] ?? 0) / 1024).toFixed(1));
      server.child.kill();
    }
    printTable(names, [kib]);
  });
}
