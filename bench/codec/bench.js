/** The codec beside its peers: every line of the table in its README. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../table.js';

const ROUNDS = 19;
const worker = fileURLToPath(new URL('./worker.js', import.meta.url));
const memoryWorker = fileURLToPath(new URL('./memory-worker.js', import.meta.url));

const bytes = (/** @type {number} */ size) =>
  size < 1024 ? `${size} B` : size < 1_048_576 ? `${size / 1024} KiB` : `${size / 1_048_576} MiB`;

/**
 * A table: what is done in each cell, by whom. Ratios are those of the last contestant to the others; the limit, if
 * there is one, is no peer.
 *
 * @typedef {{
 *   title: string, kind: string, contestants: string[], limit?: string,
 *   cells: { name: string, [option: string]: unknown }[],
 * }} Group
 */

const decode = (/** @type {number[]} */ sizes, /** @type {object} */ options = {}) =>
  sizes.map((size) => ({ name: bytes(size), size, chunks: '64 KiB', ...options }));

const ALONE = [
  ...decode([16, 125, 1024], { chunks: 'frame' }).map((cell) => ({ ...cell, name: `${cell.name}, a frame a chunk` })),
  ...decode([16, 125, 1024], { chunks: 'byte' }).map((cell) => ({ ...cell, name: `${cell.name}, a byte a chunk` })),
];

/** @type {Group[]} */
const GROUPS = [
  {
    title: 'Decode masked binary in chunks of 64 KiB; each message is the receiver’s own: ns a frame',
    kind: 'decode',
    contestants: ['websocket-driver', 'ws, owned', 'ws, bufferutil, owned', 'owned'],
    cells: decode([16, 125, 1024, 16_384, 1_048_576]),
  },
  {
    title: 'The same; the chunk is given away, and messages are views of it',
    kind: 'decode',
    contestants: ['ws', 'ws, bufferutil', 'views'],
    limit: 'memcpy',
    cells: decode([16, 125, 1024, 16_384, 1_048_576]),
  },
  {
    title: 'The same; payloads are indices into the chunk, and nothing is allocated',
    kind: 'decode',
    contestants: ['ws', 'ws, bufferutil', 'offsets'],
    limit: 'memcpy',
    cells: decode([16, 125, 1024]),
  },
  {
    title: 'One frame a chunk, one byte a chunk; the chunk is given away',
    kind: 'decode',
    contestants: ['ws', 'ws, bufferutil', 'views'],
    cells: ALONE,
  },
  {
    title: 'The same; messages are the receiver’s own',
    kind: 'decode',
    contestants: ['ws, owned', 'ws, bufferutil, owned', 'owned'],
    cells: ALONE,
  },
  {
    title:
      'Unmasked binary, as a server sends it, in chunks of 64 KiB; the chunk is given away, as it is to the others',
    kind: 'decode',
    contestants: ['undici', 'ws client', 'client, owned', 'client'],
    cells: decode([16, 125, 1024, 16_384], { masked: false }),
  },
  {
    title: 'Text to strings, validated: ns a message; “pure” is lent nothing by the runtime',
    kind: 'decode',
    contestants: ['pure', 'ws, bufferutil', 'views'],
    cells: [
      ...decode([16, 125, 1024, 16_384], { text: 'ascii' }).map((cell) => ({ ...cell, name: `ASCII, ${cell.name}` })),
      ...decode([16, 125, 1024, 16_384], { text: 'multi-byte' }).map((cell) => ({
        ...cell,
        name: `multi-byte, ${cell.name}`,
      })),
    ],
  },
  {
    title: 'Unmask in place, at every alignment: ns a KiB',
    kind: 'mask',
    contestants: ['byte loop', 'bufferutil', 'int32', 'bigUint64'],
    limit: 'memcpy',
    cells: [16, 125, 1024, 4096, 16_384, 1_048_576].map((size) => ({ name: bytes(size), size })),
  },
  {
    title: 'Encode into an array of the caller’s: ns a frame',
    kind: 'encode',
    contestants: ['ws', 'ws, bufferutil', 'ours'],
    cells: [false, true].flatMap((masked) =>
      [16, 125, 1024].map((size) => ({ name: `${bytes(size)}${masked ? ', masked' : ''}`, size, masked })),
    ),
  },
];

/**
 * @param {string} node the program that runs the contestants
 * @param {(kind: string) => boolean} wanted
 */
export async function benchCodec(node, wanted) {
  for (const group of GROUPS) {
    if (!wanted(group.kind)) continue;
    console.log(`${group.title}. Medians of ${ROUNDS} rounds\n`);
    const { limit } = group;
    // What is for V8 alone, or native.
    const contestants = group.contestants.filter((name) => !node.endsWith('bun') || !/bufferutil|bigUint64/.test(name));
    const ours = contestants.at(-1) ?? '';
    const peers = contestants.slice(0, -1);
    const limits = limit === undefined ? [] : [limit];
    const rows = [];
    for (const cell of group.cells) {
      const times = await measure(node, { ...group, contestants }, cell);
      const of = (/** @type {string} */ name) => times.get(name) ?? [];
      // Of each round, since what disturbs the machine for a second disturbs all of them.
      const ratio = (/** @type {string} */ peer) =>
        median(of(peer).map((time, round) => time / (of(ours)[round] ?? Number.NaN)));
      rows.push([
        cell.name,
        ...[...times.values()].map((rounds) => figure(median(rounds))),
        ...[...peers, ...limits].map((name) => `${ratio(name).toFixed(2)}x`),
      ]);
    }
    printTable(['', ...contestants, ...limits, ...[...peers, ...limits].map((peer) => `/ ${peer}`)], rows);
  }
  if (wanted('memory')) await memory(node);
}

/** @param {number} nanoseconds */
function figure(nanoseconds) {
  return nanoseconds < 100 ? nanoseconds.toFixed(1) : Math.round(nanoseconds).toLocaleString('en');
}

/**
 * @param {string} node
 * @param {Group} group
 * @param {Group['cells'][number]} cell
 * @returns {Promise<Map<string, number[]>>} the rounds of all contestants, who take turns
 */
async function measure(node, { kind, contestants, limit }, cell) {
  const all = limit === undefined ? contestants : [...contestants, limit];
  const workers = all.map((contestant) => ({ contestant, child: start(node, contestant) }));
  /** @type {Map<string, number[]>} */
  const times = new Map(all.map((contestant) => [contestant, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { contestant, child } of workers) {
      child.send({ kind, contestant, cell });
      const nanoseconds = /** @type {number} */ (await answer(child));
      // The first round warms up.
      if (round >= 0) times.get(contestant)?.push(nanoseconds);
    }
  }
  for (const { child } of workers) child.disconnect();
  return times;
}

/** @param {string} node @param {string} contestant */
function start(node, contestant) {
  const native = contestant.includes('bufferutil');
  return fork(worker, [], { execPath: node, env: { ...process.env, ...(native ? {} : { WS_NO_BUFFER_UTIL: '1' }) } });
}

/** @param {import('node:child_process').ChildProcess} child */
async function answer(child) {
  const abort = new AbortController();
  const { signal } = abort;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a contestant has ended with ${code}`);
  });
  const [value] = /** @type {unknown[]} */ (await Promise.race([once(child, 'message', { signal }), ended]));
  ended.catch(() => {});
  abort.abort();
  return value;
}

/** @param {string} node */
async function memory(node) {
  console.log('Memory\n');
  const rows = [];
  for (const what of ['ws', 'owned', 'views', 'offsets', 'fragments ws', 'fragments owned']) {
    // Nothing is collected meanwhile, so that what was allocated can be seen.
    const child = fork(memoryWorker, [what], {
      execPath: node,
      execArgv: ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'],
    });
    rows.push(/** @type {string[]} */ (await answer(child)));
  }
  printTable(['', ''], rows);
}
