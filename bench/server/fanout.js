/** Fan-out: what one publisher sends goes to 1,000 subscribers. */
import { tableOf } from '../../scripts/markdown.js';
import { load } from '../wsload.js';
import { contestants, OURS, versionsOf } from './contestants.js';
import { both, takeTurns, whole, withServers } from './turns.js';

const SUBSCRIBERS = 1000;
const IN_FLIGHT = [1, 4, 16];

/** @param {import('./contestants.js').Settings} settings */
export function benchFanout(settings) {
  const { rounds, seconds } = settings;
  const all = contestants(settings, ['ws', OURS, 'uWebSockets.js', 'Bun', 'Deno']);
  return withServers(all, { seconds }, async (wsload, servers) => {
    const rows = [];
    for (const outstanding of IN_FLIGHT) {
      const options = { path: '/sub', size: 125, connections: SUBSCRIBERS, outstanding, seconds };
      const results = await takeTurns(servers, rounds, (server) => load(wsload, 'fanout', server, options));
      const rates = results.map((result) => ({
        cpu: result['deliveries_per_server_cpu_s'] ?? 0,
        wall: result['deliveries_per_s'] ?? 0,
      }));
      const [ws = { cpu: 0, wall: 0 }] = rates;
      rows.push([
        String(outstanding),
        ...rates.map(({ cpu, wall }, i) => (i === 0 ? both(cpu, wall, whole) : both(cpu / ws.cpu, wall / ws.wall))),
      ]);
    }
    const what = `125 B to ${whole(SUBSCRIBERS)} subscribers, with so many on their way: deliveries per second of server CPU, in brackets per second of the clock; beside ws, all are multiples of it`;
    return `${what}. Medians of ${rounds} rounds of ${seconds} s. ${versionsOf(all)}.\n\n${tableOf(['on their way', ...servers.map(({ name }) => name)], rows)}`;
  });
}
