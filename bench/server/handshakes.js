/** Handshakes: connect, opening handshake, closing handshake, again. */
import { tableOf } from '../../scripts/markdown.js';
import { load } from '../wsload.js';
import { contestants, OURS, versionsOf } from './contestants.js';
import { takeTurns, whole, withServers } from './turns.js';

const IN_FLIGHT = 64;

/** @param {import('./contestants.js').Settings} settings */
export function benchHandshakes(settings) {
  const { rounds, seconds } = settings;
  const all = contestants(settings, ['ws', OURS, 'uWebSockets.js', 'Bun', 'Deno']);
  return withServers(all, { seconds }, async (wsload, servers) => {
    const measure = (/** @type {(typeof servers)[number]} */ server) =>
      load(wsload, 'storm', server, { connections: IN_FLIGHT, seconds });
    await takeTurns(servers, 1, measure);
    const results = await takeTurns(servers, rounds, measure);
    const rates = results.map((result) => ({
      cpu: result['handshakes_per_server_cpu_s'] ?? 0,
      wall: result['handshakes_per_s'] ?? 0,
    }));
    const [ws = { cpu: 0, wall: 0 }] = rates;
    const rows = rates.map(({ cpu, wall }, i) => [
      servers[i]?.name ?? '',
      ...[whole(cpu), `${(cpu / ws.cpu).toFixed(2)}x`, whole(wall), `${(wall / ws.wall).toFixed(2)}x`],
    ]);
    const what = `Connections from the first packet to the last, opening and closing handshake, ${IN_FLIGHT} at a time`;
    const head = ['server', 'per second of CPU', 'against ws', 'per second', 'against ws'];
    return `${what}. Medians of ${rounds} rounds of ${seconds} s. ${versionsOf(all)}.\n\n${tableOf(head, rows)}`;
  });
}
