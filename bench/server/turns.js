import { median } from '../table.js';
import { load, startServer as start, withWsload } from '../wsload.js';

/**
 * @typedef {import('./contestants.js').Contestant} Contestant
 * @typedef {Record<string, number>} Result what wsload says of a server
 */

/**
 * All servers are loaded once a round, one after the other, so that what else the machine does falls on all alike.
 *
 * @template T
 * @param {readonly T[]} servers
 * @param {number} rounds
 * @param {(server: T) => Result | Promise<Result>} measure
 * @returns {Promise<Result[]>} of each server, the medians
 */
export async function takeTurns(servers, rounds, measure) {
  const results = servers.map(() => /** @type {Result[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) results[i]?.push(await measure(server));
  }
  return results.map(medians);
}

/** @param {readonly Result[]} all */
function medians(all) {
  const keys = Object.entries(all[0] ?? {}).flatMap(([key, value]) => (typeof value === 'number' ? [key] : []));
  return Object.fromEntries(keys.map((key) => [key, median(all.map((result) => result[key] ?? 0))]));
}

/**
 * Starts them for as long as `use` needs them, and lets each compile what is hot: who is measured first would otherwise
 * be the one that is cold.
 *
 * @template T
 * @param {readonly Contestant[]} contestants
 * @param {{ scheme?: string, seconds: number }} options
 * @param {(wsload: string, servers: readonly (Contestant & import('../wsload.js').Server)[]) => Promise<T>} use
 */
export function withServers(contestants, { scheme, seconds }, use) {
  const warm = { scheme, size: 125, connections: 50, outstanding: 4, seconds };
  return withWsload(async (wsload) => {
    const servers = await Promise.all(
      contestants.map(async (all) => ({ ...all, ...(await start(all.program, all.args)) })),
    );
    try {
      for (const server of servers) load(wsload, server.raw ? 'raw' : 'echo', server, warm);
      return await use(wsload, servers);
    } finally {
      for (const { child } of servers) child.kill();
    }
  });
}

/**
 * What one did, and beside it, in brackets, by the clock.
 *
 * @param {number} cpu
 * @param {number} wall
 * @param {(value: number) => string} [format]
 */
export const both = (cpu, wall, format = (value) => value.toFixed(2)) => `${format(cpu)} (${format(wall)})`;

/** @param {number} value */
export const whole = (value) => Math.round(value).toLocaleString('en');
