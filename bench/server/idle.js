/**
 * Memory of an idle connection: the slope between two numbers of them, so that what a server needs once is not in it.
 * Once of those that have done nothing yet, and once of those that have had an echo each.
 */
import { tableOf } from '../../scripts/markdown.js';
import { load, startServer, withWsload } from '../wsload.js';
import { contestants, LIMIT, OURS, UPGRADED, versionsOf } from './contestants.js';
import { takeTurns, whole } from './turns.js';

const BASE = 1000;

/** @param {import('./contestants.js').Settings} settings */
export function benchIdle(settings) {
  const { rounds, idle } = settings;
  const all = contestants(settings, ['ws', OURS, 'uWebSockets.js', 'Bun', 'Deno', LIMIT, UPGRADED]);
  return withWsload(async (wsload) => {
    // A server of its own for each: memory that was used once stays with a process.
    const measure = async (/** @type {typeof all} */ servers, /** @type {string[]} */ touch) => {
      const results = await takeTurns(servers, rounds, async ({ program, args, raw }) => {
        const server = await startServer(program, args);
        try {
          const flags = ['--base', String(BASE), '--gc-signal', ...touch];
          return load(wsload, 'idle', server, {
            scheme: raw ? 'tcp' : 'ws',
            connections: BASE + idle,
            seconds: 0.2,
            flags,
          });
        } finally {
          server.child.kill();
        }
      });
      return cells(results.map((result) => (result['bytes_per_conn'] ?? 0) / 1024));
    };
    const untouched = await measure(all, []);
    const touched = await measure(
      all.filter(({ name, raw }) => !raw && name !== UPGRADED),
      ['--touch'],
    );
    const rows = all.map(({ name }, i) => [name, ...(untouched[i] ?? []), ...(touched[i] ?? ['', ''])]);
    const heads = ['server', 'KiB a connection', 'against ws', 'after an echo each', 'against ws'];
    const what = `Memory (RSS) that each of ${whole(idle)} idle connections adds to ${whole(BASE)} others, after a garbage collection; ${LIMIT} is a bare echo, and ${UPGRADED} a socket of its upgrade with one listener`;
    return `${what}. Medians of ${rounds} rounds. ${versionsOf(all)}.\n\n${tableOf(heads, rows)}`;
  });
}

/**
 * @param {readonly number[]} kib of each server, the first of which is what the others are compared with
 * @returns {string[][]}
 */
function cells(kib) {
  return kib.map((of) => [of.toFixed(1), `${(of / (kib[0] ?? 1)).toFixed(2)}x`]);
}
