/** The load, twice, against one server: what the healthy connections have lost, and what has stayed behind. */
import { setTimeout as delay } from 'node:timers/promises';
import { start } from './programs.js';

/** Connections of one program. A file descriptor each; those through a pipe three. */
const MOST_HEALTHY = 5000;
const MOST_FAULTY = 3500;
/** What the second run may leave behind, of what the first one has. */
const MOST_LEFT = 1.1;
/**
 * What of arrayBuffers the server keeps for all connections together, at the most: spare slabs for what is sent,
 * buffers of zlib's contexts, the one that all read into. How full those were at the end of a run is chance, in steps
 * of 64 KiB.
 */
const SHARED = 2 * 1024 * 1024;

/**
 * @typedef {{ connections: number, seconds: number, seed: number, say: (line: string) => void }} Plan
 * @typedef {{ clients: number, handles: Record<string, number>, rss: number, heapUsed: number, arrayBuffers: number }}
 *   Leftover
 * @typedef {import('./talker.js').Tally & { faults: Record<string, number> }} Total
 * @typedef {{ p50: number, p99: number, max: number }} Loop
 * @typedef {{ healthy: Total, faulty: Total, loop: Loop, leftover: Leftover, open: number }} Run
 */

/**
 * @param {Plan} plan
 * @returns {Promise<{ before: Leftover, runs: Run[] }>}
 */
export async function soak(plan) {
  const server = start('server.js', {});
  try {
    const port = await server.ask('port');
    const before = await server.ask('leftover');
    const runs = [];
    for (let i = 1; i <= 2; i++) runs.push(await run(`run ${i}`, server, port, plan));
    return { before, runs };
  } finally {
    await server.stop();
  }
}

/**
 * What is wrong with the messages of a run.
 *
 * @param {Run} run
 */
export function judgeTraffic({ healthy, faulty }) {
  return [...(healthy.wrong > 0 ? [`${healthy.wrong} wrong`, ...healthy.problems] : []), ...faulty.problems];
}

/**
 * What is wrong with what the second run has left, beside what the first one has.
 *
 * @param {Leftover} first
 * @param {Leftover} second
 */
export function judgeLeftover(first, second) {
  const memory = /** @type {const} */ (['rss', 'arrayBuffers'])
    .filter((what) => second[what] > Math.max(MOST_LEFT * first[what], what === 'arrayBuffers' ? SHARED : 0))
    .map((what) => `${what}: ${first[what]} bytes were left after the first run, ${second[what]} after the second`);
  return [...judgeHandles(first, second), ...memory];
}

/**
 * @param {Leftover} first
 * @param {Leftover} second
 */
export function judgeHandles(first, second) {
  const handles = Object.entries(second.handles)
    .filter(([name, count]) => count > (first.handles[name] ?? 0))
    .map(
      ([name, count]) =>
        `${name}: ${first.handles[name] ?? 0} were left after the first run, ${count} after the second`,
    );
  return second.clients > 0 ? [...handles, `${second.clients} clients are left`] : handles;
}

/**
 * @param {string} name
 * @param {import('./programs.js').Program} server
 * @param {number} port
 * @param {Plan} plan
 * @returns {Promise<Run>}
 */
async function run(name, server, port, { connections, seconds, seed, say }) {
  const shares = plan(connections);
  const loads = shares.map((share, i) =>
    start('load.js', {
      ...share,
      port,
      seed,
      // A port for each connection, from each address of its own.
      localAddress: process.platform === 'linux' ? `127.0.0.${2 + i}` : undefined,
    }),
  );
  try {
    await Promise.all(loads.map((load) => load.ask('open')));
    const open = await server.ask('clients');
    say(`${name}: ${open} connections are open`);
    await server.ask('watch');
    for (let left = seconds; left > 0; left -= 30) {
      await delay(Math.min(30, left) * 1000);
      const tallies = await Promise.all(loads.map((load) => load.ask('tally')));
      const sum = total(tallies);
      say(`${name}: ${await server.ask('clients')} connections, ${sum.messages} echoes, ${sum.wrong} wrong`);
      for (const problem of sum.problems.slice(0, 3)) say(`  ${problem}`);
    }
    const loop = await server.ask('loop');
    const tallies = await Promise.all(loads.map((load) => load.ask('stop')));
    await Promise.all(loads.map((load) => load.stop()));
    const of = (/** @type {string} */ kind) => total(tallies.filter((_, i) => shares[i]?.kind === kind));
    const leftover = await server.ask('leftover');
    say(`${name}: over`);
    return { healthy: of('healthy'), faulty: of('faulty'), loop, leftover, open };
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
}

/** A third of the connections is faulty. @param {number} connections */
function plan(connections) {
  const faulty = Math.floor(connections / 3);
  return [
    ...split('healthy', 0, connections - faulty, MOST_HEALTHY),
    ...split('faulty', connections - faulty, faulty, MOST_FAULTY),
  ];
}

/**
 * @param {'healthy' | 'faulty'} kind
 * @param {number} first
 * @param {number} connections
 * @param {number} most
 */
function split(kind, first, connections, most) {
  const parts = Math.ceil(connections / most);
  return Array.from({ length: parts }, (_, i) => {
    const before = (/** @type {number} */ n) => Math.floor((connections * n) / parts);
    return { kind, first: first + before(i), connections: before(i + 1) - before(i) };
  });
}

/** @param {Total[]} tallies @returns {Total} */
function total(tallies) {
  const sum = (/** @type {'opened' | 'messages' | 'bytes' | 'pings' | 'wrong'} */ what) =>
    tallies.reduce((all, tally) => all + tally[what], 0);
  /** @type {Record<string, number>} */
  const faults = {};
  for (const tally of tallies)
    for (const [name, count] of Object.entries(tally.faults)) faults[name] = (faults[name] ?? 0) + count;
  return {
    opened: sum('opened'),
    messages: sum('messages'),
    bytes: sum('bytes'),
    pings: sum('pings'),
    wrong: sum('wrong'),
    problems: tallies.flatMap(({ problems }) => problems),
    faults,
  };
}
