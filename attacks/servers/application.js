/**
 * The application of every server under attack. It has some doors, each a server on a port of its own, with the options
 * or the behaviour that an attack needs:
 *
 * - `echo`: sends each message back. `small` takes 1 MiB at most, `origin` has the Origin check of the README's first
 *   example, if there is one, `bare` listens to nothing but messages
 * - `heartbeat`: an echo that looks for life within a second; a message `busy` keeps the event loop busy for 1.5 s
 * - `keep`: keeps the messages, but for those of over 1 KiB
 * - `flood`: answers any message with 200 MiB
 * - `throw`: has a bug in its listener
 * - `late`: awaits something before it listens; `auth`: awaits something before it lets a client in; `never`: for ever
 * - `reflect`: puts a value of the request into a field of the answer
 * - `types`: pings and closes with what the message says, whatever type that is
 *
 * @typedef {'echo' | 'small' | 'origin' | 'bare' | 'heartbeat' | 'keep' | 'flood' | 'throw' | 'late' | 'auth' | 'never'
 *   | 'reflect' | 'types'} Door
 *
 * @typedef {object} Socket a connection, in the words that all have. What does not exist in one of them is left out
 *   there.
 * @property {(data: string | Uint8Array) => unknown} send
 * @property {(code: number, reason: any) => unknown} close
 * @property {((data: any) => unknown) | undefined} [ping]
 */
import process from 'node:process';
import { createInterface } from 'node:readline';

/** @type {readonly Door[]} */
export const DOORS = [
  .../** @type {const} */ (['echo', 'small', 'origin', 'bare', 'heartbeat', 'keep', 'flood']),
  .../** @type {const} */ (['throw', 'late', 'auth', 'never', 'reflect', 'types']),
];

export const MIB = 1_048_576;
const FLOOD_MESSAGES = 200;
const BUSY_MILLISECONDS = 1500;

/** What the application was told at its doors since this was last asked for. @type {Partial<Record<Door, string[]>>} */
let news = {};
/** Errors that would have ended the process, but for the listeners below. @type {string[]} */
const errors = [];
/** @type {(() => void)[]} */
const waiting = [];
/** @type {unknown[]} */
const kept = [];

/** Waits until the attacker says `release`. */
export const gate = () => new Promise((resolve) => waiting.push(() => resolve(undefined)));

/** Fulfilled when the client may come in at this door. @param {Door} door @returns {Promise<unknown>} */
export const doorkeeper = (door) =>
  door === 'never' ? new Promise(() => {}) : door === 'auth' ? gate() : Promise.resolve();

/** What the request asks to be put into a field of the answer. @param {string | undefined} url */
export const reflected = (url) => new URL(url ?? '', 'http://127.0.0.1').searchParams.get('language') ?? 'none';

/** What the application is told at a door. @param {Door} door @param {string} line */
const told = (door, line) => void (news[door] ??= []).push(line);

/** @param {Door} door @param {number} code */
export const closed = (door, code) => told(door, `close ${code}`);

/** An error that nobody has caught. @param {unknown} error */
export const uncaught = (error) => void errors.push(String(error));
process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);

/**
 * What the application does with each message.
 *
 * @param {Door} door
 * @param {Socket} socket
 * @returns {(data: string | Uint8Array) => unknown}
 */
export function application(door, { send, close, ping }) {
  return (data) => {
    told(door, 'message');
    if (door === 'keep') return data.length <= 1024 && kept.push(data);
    if (door === 'flood') return flood(send);
    if (door === 'throw') throw new Error('a bug of the application');
    if (door === 'types' && typeof data === 'string') {
      const { size, reason } = JSON.parse(data);
      return size === undefined ? close(1000, new Uint16Array(reason)) : ping?.(size);
    }
    if (door === 'heartbeat' && data === 'busy') beBusy();
    return send(data);
  };
}

/** As fast as the loop goes; whoever gives a promise is heeded. @param {Socket['send']} send */
async function flood(send) {
  for (let i = 0; i < FLOOD_MESSAGES; i++) await send(new Uint8Array(MIB).fill(i));
}

function beBusy() {
  const end = performance.now() + BUSY_MILLISECONDS;
  while (performance.now() < end);
}

/**
 * Says where the doors are, and answers the attacker's questions, a line of JSON for each line.
 *
 * @param {Record<string, number>} ports of the doors
 * @param {() => unknown} shutDown ends all servers, and is done when they have ended
 */
export function serveDoors(ports, shutDown) {
  const say = (/** @type {object} */ line) => console.log(JSON.stringify(line));
  createInterface({ input: process.stdin }).on('line', async (command) => {
    if (command === 'report') say(await report());
    if (command === 'release') {
      for (const resolve of waiting.splice(0)) resolve();
      say({});
    }
    if (command === 'shut down') {
      await shutDown();
      say({});
    }
  });
  say({ ports });
}

/** What has happened, and what the process has in use once garbage is gone. */
async function report() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const told = news;
  news = {};
  const peak = process.resourceUsage().maxRSS * 1024;
  const memory = { rss, peak, used: heapUsed + external };
  return { told, uncaught: errors, waiting: waiting.length, kept: kept.length, ...memory, cpu: user + system };
}

/** @typedef {Awaited<ReturnType<typeof report>>} Report `cpu` in microseconds, memory in bytes. */
