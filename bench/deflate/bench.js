/**
 * Compression: what an echo costs the server, and what a connection that has had one costs in memory. Both servers
 * compress everything, at the same level and with the same memory.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median, printTable } from '../table.js';
import { benchBorder } from './border.js';
import { Client, makeFrame, makeMessages } from './load.js';

const SIZES = [64, 1024, 65_536];
const CONNECTIONS = 50;
const ROUNDS = 5;
const SECONDS = 1;
const IDLE_CONNECTIONS = 1000;
const WARM_UP_ECHOES = 15_000;

/** @typedef {{ name: string, options: { perMessageDeflate: object | false } }} Contestant */

const alone = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 };
const takeover = { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 };

let execPath = process.execPath;

/** @param {string} program what the servers run in */
export async function benchDeflate(program) {
  execPath = program;
  await benchBorder();
  await benchSpeed();
  await benchMemory();
  await benchSettings();
}

async function benchSpeed() {
  console.log(
    `Compression, echo of JSON, ${CONNECTIONS} connections, one message each on its way, level 6: messages per second, and per second of server CPU, median of ${ROUNDS} rounds of ${SECONDS} s\n`,
  );
  const rows = [];
  for (const [kept, perMessageDeflate] of /** @type {const} */ ([
    ['no', alone],
    ['yes', takeover],
  ])) {
    const servers = await Promise.all(
      ['ws', '@ws/node-server'].map((name) => start({ name, options: { perMessageDeflate } })),
    );
    for (const size of SIZES) {
      const frames = makeMessages(size, 64).map((message) => makeFrame(message, true));
      const results = servers.map(() => /** @type {Echoes[]} */ ([]));
      for (let round = -1; round < ROUNDS; round++) {
        for (const [i, server] of servers.entries()) {
          const result = await echo(server, frames);
          // The first round warms up.
          if (round >= 0) results[i]?.push(result);
        }
      }
      const [ws, ours] = results.map((all) => ({
        rate: median(all.map(({ rate }) => rate)),
        cpuRate: median(all.map(({ cpuRate }) => cpuRate)),
        bytes: median(all.map(({ bytes }) => bytes)),
      }));
      if (ws === undefined || ours === undefined) throw new Error('unreachable');
      rows.push([
        kept,
        `${size} B`,
        ...[ws.rate, ours.rate].map((rate) => Math.round(rate).toLocaleString('en')),
        `${(ours.rate / ws.rate).toFixed(2)}x`,
        ...[ws.cpuRate, ours.cpuRate].map((rate) => Math.round(rate).toLocaleString('en')),
        `${(ours.cpuRate / ws.cpuRate).toFixed(2)}x`,
        ...[ws.bytes, ours.bytes].map((bytes) => Math.round(bytes).toLocaleString('en')),
        `${(ours.bytes / ws.bytes).toFixed(3)}x`,
      ]);
    }
    for (const { child } of servers) child.disconnect();
  }
  const columns = ['messages/s', 'messages/s of CPU', 'bytes'].flatMap((what) => [
    `ws, ${what}`,
    `ours, ${what}`,
    'ratio',
  ]);
  printTable(['takeover', 'message', ...columns], rows);
}

/** @typedef {{ rate: number, cpuRate: number, bytes: number }} Echoes */

/**
 * @param {Awaited<ReturnType<typeof start>>} server
 * @param {readonly Buffer[]} frames
 * @returns {Promise<Echoes>}
 */
async function echo(server, frames) {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Client.open(server.port)));
  const before = await server.usage();
  const started = performance.now();
  let sent = 0;
  let running = true;
  for (const client of clients) {
    const send = () => running && client.socket.write(/** @type {Buffer} */ (frames[sent++ % frames.length]));
    client.onMessage = send;
    send();
  }
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const seconds = (performance.now() - started) / 1000;
  const count = sum(clients.map(({ received }) => received));
  const after = await server.usage();
  running = false;
  const bytes = sum(clients.map(({ payloadBytes }) => payloadBytes)) / sum(clients.map(({ received }) => received));
  await close(clients);
  return { rate: count / seconds, cpuRate: count / (after.cpuSeconds - before.cpuSeconds), bytes };
}

async function benchMemory() {
  console.log(
    `Compression, memory of a connection at rest after one echo of 2 KB, with ${IDLE_CONNECTIONS} connections: KB of RSS; beside it, the same without compression\n`,
  );
  /** @type {Record<string, object | false>} */
  const modes = { off: false, 'without takeover': alone, 'with takeover': takeover };
  const rows = [];
  for (const name of ['ws', '@ws/node-server']) {
    const used = [];
    for (const perMessageDeflate of Object.values(modes))
      used.push(await memoryOf({ name, options: { perMessageDeflate } }));
    rows.push([name, ...used.map((bytes) => (bytes / 1000).toFixed(1))]);
  }
  printTable(['server', ...Object.keys(modes)], rows);
}

async function benchSettings() {
  console.log(
    'Compression with takeover, what each setting costs and saves: 2 KB of JSON, one message each on its way\n',
  );
  const rows = [];
  const settings = [
    { ...alone },
    { ...alone, level: 1 },
    { ...takeover },
    { ...takeover, level: 1 },
    ...[13, 12, 11, 10, 9].map((bits) => ({
      ...takeover,
      serverMaxWindowBits: bits,
      clientMaxWindowBits: bits,
      memLevel: bits - 7,
    })),
    { ...takeover, clientNoContextTakeover: true },
    { ...takeover, serverNoContextTakeover: true },
  ];
  const frames = makeMessages(2000, 64).map((message) => makeFrame(message, true));
  for (const perMessageDeflate of settings) {
    const contestant = { name: '@ws/node-server', options: { perMessageDeflate } };
    const server = await start(contestant);
    await echo(server, frames);
    const { cpuRate, bytes } = await echo(server, frames);
    server.child.disconnect();
    const { threshold, ...shown } = perMessageDeflate;
    rows.push([
      JSON.stringify(shown)
        .replace(/"/g, '')
        .replace(/([:,])/g, '$1 ')
        .slice(1, -1),
      ((await memoryOf(contestant)) / 1000).toFixed(1),
      String(Math.round(bytes)),
      (1e6 / cpuRate).toFixed(1),
    ]);
  }
  printTable(['perMessageDeflate', 'KB of RSS a connection', 'bytes of 2,000', 'us of CPU an echo'], rows);
}

/** @param {Contestant} contestant */
async function memoryOf(contestant) {
  const server = await start(contestant);
  const compressed = contestant.options.perMessageDeflate !== false;
  const frame = makeFrame(/** @type {Buffer} */ (makeMessages(2000, 1)[0]), compressed);
  const echoAll = async (/** @type {number} */ count) => {
    const clients = [];
    for (let i = 0; i < count; i++) {
      const client = await Client.open(server.port);
      client.socket.write(frame);
      await new Promise((resolve) => (client.onMessage = () => resolve(undefined)));
      clients.push(client);
    }
    return clients;
  };
  // What a server needs once, with a heap that has grown, is not what a connection needs.
  const first = await echoAll(50);
  for (let i = 0; i < WARM_UP_ECHOES; i++) {
    const client = /** @type {Client} */ (first[i % first.length]);
    client.socket.write(frame);
    await new Promise((resolve) => (client.onMessage = () => resolve(undefined)));
  }
  const before = await server.usage();
  const clients = await echoAll(IDLE_CONNECTIONS);
  const after = await server.usage();
  await close([...first, ...clients]);
  server.child.disconnect();
  return (after.rss - before.rss) / IDLE_CONNECTIONS;
}

/** @param {Contestant} contestant */
async function start({ name, options }) {
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [name, JSON.stringify(options)], {
    execPath,
    execArgv: ['--expose-gc'],
  });
  const [{ port }] = /** @type {[{ port: number }]} */ (await once(child, 'message'));
  const usage = async () => {
    child.send('usage');
    const [used] = await once(child, 'message');
    return /** @type {{ cpuSeconds: number, rss: number }} */ (used);
  };
  return { child, port, usage };
}

/** @param {readonly Client[]} clients */
async function close(clients) {
  await Promise.all(
    clients.map(({ socket }) => {
      const closed = once(socket, 'close');
      socket.destroy();
      return closed;
    }),
  );
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
