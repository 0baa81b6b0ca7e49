/** A share of the load: healthy connections straight to the server, or faulty ones through fault pipes. */
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@ws/testkit';
import { openFaultPipe } from '@ws/testkit/fault-pipe';
import { CUTS, GARBAGE, planFault } from './faults.js';
import { answer, options } from './programs.js';
import { newTally, Talker } from './talker.js';

/** Handshakes under way at a time. */
const OPENING = 64;
/**
 * How long the echoes of what was sent last may take, on a machine that does much else: what is missing then is lost.
 */
const PATIENCE = 60_000;
/** One in so many faulty connections is fed garbage; the others lose bytes, but none is changed. */
const FED_GARBAGE = 4;

/**
 * @type {{ kind: 'healthy' | 'faulty', port: number, localAddress?: string, first: number, connections: number, seed:
 *   number }}
 */
const { kind, port, localAddress, first, connections, seed } = options();

const tally = newTally();
/** @type {Record<string, number>} */
const faults = {};
let stopping = false;
/** @type {Set<Talker>} */
const talkers = new Set();

answer({
  open: kind === 'healthy' ? () => openAll(openHealthy) : openFaulty,
  tally: () => ({ ...tally, faults }),
  async stop() {
    stopping = true;
    if (kind === 'healthy') {
      for (const talker of talkers) talker.stop();
      for (let waited = 0; talkers.size > 0 && waited < PATIENCE; waited += 100) await delay(100);
    }
    // Those of faulty connections; of healthy ones, those that have lost something.
    for (const talker of talkers) talker.client.socket.destroy();
    while (talkers.size > 0) await delay(100);
    return { ...tally, faults };
  },
});

/** Opens all connections of this share, some at a time. @param {(connection: number) => Promise<unknown>} open */
async function openAll(open) {
  let next = first;
  const one = async () => {
    while (next < first + connections) await open(next++);
  };
  await Promise.all(Array.from({ length: OPENING }, one));
}

/** A connection that stays from the beginning to the end, and loses nothing. @param {number} connection */
function openHealthy(connection) {
  return new Promise((resolve) => {
    talk(port, connection, new Random(seed + connection), resolve, (talker, code, why) => {
      resolve(undefined);
      if (stopping && code === 1000 && talker.outstanding === 0) return;
      talker.complain(`lost: connection ${connection} has ended: ${code} ${why}, ${talker.outstanding} outstanding`);
    });
  });
}

/** Connections that meet a fault some time; when one has ended, another takes its place. */
async function openFaulty() {
  const planning = new Random(seed + first);
  const openPipe = (/** @type {typeof CUTS} */ choice) =>
    openFaultPipe({
      targetPort: port,
      forgets: true,
      onConnection: (connection) =>
        planFault(connection, new Random(planning.uint32()), choice, (name) => {
          faults[name] = (faults[name] ?? 0) + 1;
        }),
    });
  const [cuts, garbage] = await Promise.all([openPipe(CUTS), openPipe(GARBAGE)]);
  await openAll((connection) => {
    const random = new Random(seed + connection);
    const open = () => {
      const pipe = random.oneIn(FED_GARBAGE) ? garbage : cuts;
      const again = () => setTimeout(() => stopping || open(), random.below(1000));
      return new Promise((resolve) => {
        const talker = talk(pipe.port, connection, random, resolve, () => resolve(again()));
        talker.tampered = pipe === garbage;
      });
    };
    // A handshake that is stalled holds up those that follow only for a while.
    return Promise.race([open(), delay(1000)]);
  });
}

/**
 * @param {number} to the port
 * @param {number} connection
 * @param {Random} random
 * @param {(value: unknown) => void} opened
 * @param {(talker: Talker, code: number, why: string) => void} ended
 */
function talk(to, connection, random, opened, ended) {
  const talker = new Talker({ port: to, localAddress }, connection, random, tally, {
    opened: () => opened(undefined),
    ended(code, why) {
      talkers.delete(talker);
      ended(talker, code, why);
    },
  });
  talkers.add(talker);
  return talker;
}
