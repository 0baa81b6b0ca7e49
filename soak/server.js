/**
 * The server: it echoes, and says how it is when it is asked. Its options are those of WebSocketServer, beside the
 * defaults.
 */

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from '@ws/node-server';
import { answer, options } from './programs.js';

/** How often the event loop's delay is looked at, in milliseconds; an event loop that does nothing shows so much. */
const RESOLUTION = 10;
/** What the attackers' big messages are not: an answer to these would be an attack of the application on itself. */
const { echoUpTo = Number.POSITIVE_INFINITY, ...serverOptions } = options();

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096, ...serverOptions });
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    if (data.length <= echoUpTo) socket.send(data, { binary: isBinary });
  });
});
const listening = once(server, 'listening');
const loop = monitorEventLoopDelay({ resolution: RESOLUTION });
loop.enable();

answer({
  async port() {
    await listening;
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  },
  /** The delay of the event loop is measured from here on. */
  watch: () => loop.reset(),
  /** Milliseconds beyond the time that a look takes by itself. */
  loop: () => ({ p50: late(50), p99: late(99), max: Math.max(0, loop.max / 1e6 - RESOLUTION) }),
  clients: () => server.clients.size,
  metrics: () => server.metrics(),
  memory,
  leftover,
});

/** @param {number} percentile */
const late = (percentile) => Math.max(0, loop.percentile(percentile) / 1e6 - RESOLUTION);

/**
 * What is in use when the garbage is gone: the least of some tries, since the engine frees some of it beside the
 * program.
 */
async function memory() {
  /** @type {NodeJS.MemoryUsage[]} */
  const tries = [];
  for (let i = 0; i < 4; i++) {
    await delay(50);
    // The second waits for what the first one frees beside the program.
    globalThis.gc?.();
    globalThis.gc?.();
    tries.push(process.memoryUsage());
  }
  const least = (/** @type {keyof NodeJS.MemoryUsage} */ what) => Math.min(...tries.map((usage) => usage[what]));
  return {
    rss: least('rss'),
    heapUsed: least('heapUsed'),
    external: least('external'),
    arrayBuffers: least('arrayBuffers'),
  };
}

/** What is there once all clients are gone, or after half a minute. */
async function leftover() {
  const until = Date.now() + 30_000;
  while (server.clients.size > 0 && Date.now() < until) await delay(100);
  // The last sockets' close callbacks.
  await delay(1000);
  return { clients: server.clients.size, handles: handles(), ...(await memory()) };
}

/** How many handles keep the event loop going, and how many file descriptors are open where the system tells. */
function handles() {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  // The delays of this program.
  delete counts['Timeout'];
  if (process.platform === 'linux') counts['file descriptors'] = readdirSync('/proc/self/fd').length;
  return counts;
}
