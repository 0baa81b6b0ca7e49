/** Echo: the short table of the README, the whole grid, and the grid over TLS. */
import { certificate } from '@ws/runtimes/certificate';
import { tableOf } from '../../scripts/markdown.js';
import { geometricMean } from '../table.js';
import { load } from '../wsload.js';
import { contestants, LIMIT, OURS, versionsOf } from './contestants.js';
import { both, takeTurns, whole, withServers } from './turns.js';

/**
 * @typedef {import('./contestants.js').Settings} Settings
 * @typedef {{ size: number, connections: number, outstanding: number, text?: { name: string, flag: string, path:
 *   string, bytes: boolean } }} Cell
 */

/** @param {number} connections @param {number} outstanding @param {number[]} sizes @returns {Cell[]} */
const cells = (connections, outstanding, ...sizes) => sizes.map((size) => ({ size, connections, outstanding }));

const BINARY = [
  ...cells(50, 1, 16, 125, 1024),
  ...cells(500, 1, 16, 125, 1024),
  ...cells(50, 16, 16, 125, 1024),
  ...cells(1, 100, 16, 125, 1024),
  ...cells(50, 1, 16_384),
  ...cells(50, 16, 16_384),
  ...cells(1, 16, 1_048_576),
];
const SHORT = [
  ...cells(50, 1, 16, 125, 1024),
  ...cells(500, 1, 125),
  ...cells(50, 16, 16, 125, 1024),
  ...cells(1, 100, 16),
  ...cells(50, 1, 16_384),
  ...cells(1, 16, 1_048_576),
];
/** Who gets text as bytes makes no string of it here; who gets strings has no row without. @type {Cell[]} */
const TEXT = [
  { size: 125, name: 'ASCII', flag: '--text' },
  { size: 16_384, name: 'multi-byte', flag: '--utf8' },
].flatMap(({ size, name, flag }) => [
  { size, connections: 50, outstanding: 16, text: { name: `${name}, bytes`, flag, path: '/', bytes: true } },
  { size, connections: 50, outstanding: 16, text: { name: `${name}, strings`, flag, path: '/string', bytes: false } },
]);

const CAPTION =
  'messages per second of server CPU, in brackets per second of the clock; beside ws, all are multiples of it';

/** @param {Settings} settings */
export function benchEcho(settings) {
  return table(settings, { cells: SHORT, names: ['ws', OURS, LIMIT], what: `Echo, binary: ${CAPTION}` });
}

/** @param {Settings} settings */
export function benchGrid(settings) {
  const names = ['ws', OURS, 'uWebSockets.js', 'Bun', 'Deno', LIMIT];
  return table(settings, { cells: [...BINARY, ...TEXT], names, what: `Echo: ${CAPTION}` });
}

/** @param {Settings} settings */
export function benchWss(settings) {
  const what = `Echo over TLS 1.3 with AES-128-GCM: ${CAPTION}; ${LIMIT} is a bare echo over TLS`;
  const { folder } = certificate();
  return table(settings, { cells: BINARY, names: ['ws', OURS, LIMIT], what, folder });
}

/**
 * @param {Settings} settings
 * @param {{ cells: readonly Cell[], names: string[], what: string, folder?: string }} grid
 */
function table(settings, { cells, names, what, folder }) {
  const { rounds, seconds } = settings;
  const all = contestants(settings, names, folder);
  const scheme = folder === undefined ? 'ws' : 'wss';
  return withServers(all, { scheme, seconds }, async (wsload, servers) => {
    /** Of each server, its multiples of ws. @type {{ cpu: number, wall: number }[][]} */
    const ratios = servers.map(() => []);
    const rows = [];
    for (const { text, ...cell } of cells) {
      const results = await takeTurns(servers, rounds, (server) => {
        if (text?.bytes && server.strings) return {};
        const [flags, path] = text === undefined ? [[], '/'] : [[text.flag], text.path];
        return load(wsload, server.raw ? 'raw' : 'echo', server, { scheme, path, ...cell, seconds, flags });
      });
      const rates = results.map((result) => ({
        cpu: result['msgs_per_server_cpu_s'] ?? 0,
        wall: result['msgs_per_s'] ?? 0,
      }));
      const [ws = { cpu: 0, wall: 0 }] = rates;
      const columns = rates.map(({ cpu, wall }, i) => {
        if (i === 0) return both(cpu, wall, whole);
        if (cpu === 0) return '';
        ratios[i]?.push({ cpu: cpu / ws.cpu, wall: wall / ws.wall });
        return both(cpu / ws.cpu, wall / ws.wall);
      });
      const kernel = results[servers.findIndex(({ name }) => name === OURS)]?.['server_kernel'] ?? 0;
      rows.push([
        `${cell.size.toLocaleString('en')} B${text === undefined ? '' : `, ${text.name}`}`,
        `${cell.connections} x ${cell.outstanding}`,
        ...columns,
        `${Math.round(kernel * 100)} %`,
      ]);
    }
    const means = ratios.map((all, i) =>
      i === 0 ? '1' : both(geometricMean(all.map(({ cpu }) => cpu)), geometricMean(all.map(({ wall }) => wall))),
    );
    rows.push(['geometric mean', '', ...means, '']);
    const head = ['message', 'connections x outstanding', ...servers.map(({ name }) => name), `kernel's share of ours`];
    return `${what}. Medians of ${rounds} rounds of ${seconds} s. ${versionsOf(all)}.\n\n${tableOf(head, rows)}`;
  });
}
