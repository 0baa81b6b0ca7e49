/**
 * The siege: one attack after the other on a server of its own, what memory it has taken, and how long a healthy client
 * waits.
 *
 * Usage: npm run siege -- [--only 'ping flood'] [--write]
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { tableOf } from '../scripts/markdown.js';
import { start } from './programs.js';
import { SIEGE } from './siege-plan.js';
import { finish, machine, mebibytes, writeReadme } from './table.js';

/** How long the healthy client measures, without and with the attack, in seconds. */
const SECONDS = 4;
/** A p99 so much over the median of the unloaded ones is marked. */
const MOST_SLOWER = 5;

const string = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({ options: { only: string, write: { type: 'boolean' } } });

/** @type {{ attack: import('./siege-plan.js').Attack, result: Awaited<ReturnType<typeof besiege>> }[]} */
const sieges = [];
const failures = [];
for (const attack of SIEGE.filter(({ name }) => values.only === undefined || name === values.only)) {
  const result = await besiege(attack);
  const { growth, before, during, done } = result;
  sieges.push({ attack, result });
  console.log(`${attack.name}: ${mebibytes(growth)}, p99 ${before.p99} -> ${during.p99} ms`, JSON.stringify(done));
  if (growth > attack.bound) failures.push(`${attack.name}: ${mebibytes(growth)} are over its bound`);
  if (done.bytes === 0 && done.refused === 0 && done.connections === 0) failures.push(`${attack.name}: did nothing`);
}
// One of them may be half of another, with nothing of an attack in either: the machine's doing.
const unloaded = medianOf(sieges.map(({ result }) => result.before.p99));
const rows = sieges.map(({ attack, result: { growth, rss, before, during } }) => {
  const ratio = during.p99 / unloaded;
  return [
    attack.name,
    String(attack.connections),
    attack.limit,
    mebibytes(attack.bound),
    mebibytes(growth),
    mebibytes(rss),
    `${before.p99.toFixed(2)} ms`,
    `${during.p99.toFixed(2)} ms`,
    `${ratio.toFixed(1)}x${ratio > MOST_SLOWER ? ' (over 5x)' : ''}`,
  ];
});
const head = [
  'attack',
  'connections',
  'what bounds the memory',
  'bound',
  'held',
  'RSS',
  'p99 before',
  'p99 under attack',
  `ratio to ${unloaded.toFixed(2)} ms`,
];
const table = tableOf(head, rows);
console.log(`\n${machine()}\n\n${table}\n`);
if (values.write) writeReadme('siege', `${machine()}.\n\n${table}`);
finish(failures);

/** @param {readonly number[]} numbers */
function medianOf(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

/** @param {import('./siege-plan.js').Attack} attack */
async function besiege({ name, connections, server: options }) {
  const server = start('server.js', options);
  const programs = [server];
  try {
    const port = await server.ask('port');
    const probe = start('probe.js', { port, seconds: SECONDS }, { cpu: placeOf('probe') });
    programs.push(probe);
    const attackers = () => {
      const attacker = start(
        'attacker.js',
        { port, attack: name, connections },
        { cpu: placeOf('attacker'), nice: 19 },
      );
      programs.push(attacker);
      return attacker;
    };
    // What the engine compiles and caches for the attack is not of the attack: that comes in a first round.
    const first = attackers();
    await delay(1500);
    await first.stop();
    // What it has sent is read to its end, and what that was is done.
    for (let i = 0; i < 50 && (await server.ask('clients')) > 1; i++) await delay(100);
    await delay(500);
    const before = await probe.ask('measure');
    const memoryBefore = await server.ask('memory');

    const attacker = attackers();
    await delay(1000);
    const during = await probe.ask('measure');
    /** @type {NodeJS.MemoryUsage[]} */
    const held = [];
    for (let i = 0; i < 3; i++) held.push(await server.ask('memory'));
    const done = await attacker.ask('done');
    const most = (/** @type {(memory: NodeJS.MemoryUsage) => number} */ of) =>
      Math.max(...held.map(of)) - of(memoryBefore);
    return {
      growth: most(({ heapUsed, external }) => heapUsed + external),
      rss: most(({ rss }) => rss),
      before,
      during,
      done,
    };
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
  }
}

/**
 * The healthy client must not wait for the attackers' turns on a processor, but for the server alone: it keeps to one
 * processor with them, and they give way to it; with more processors they have others. The server goes where it likes.
 *
 * @param {'probe' | 'attacker'} who
 */
function placeOf(who) {
  if (process.platform !== 'linux' || availableParallelism() < 2) return undefined;
  return who === 'attacker' && availableParallelism() > 2 ? 2 : 1;
}
