/**
 * What a server under test does with each connection, as its path says: `/behaviour/name`. What its application sees
 * goes to standard output, a line of JSON each: `{ name, told }`.
 *
 * @typedef {{ code: number, reason: string, cause: (Error & { violation?: string, offset?: number, code?: string }) |
 *   undefined }} End
 *
 * A connection, in the words that all adapters have; `send` is fulfilled when more may be sent.
 * @typedef {{
 *   send(data: string | Uint8Array): Promise<unknown>,
 *   close(code: number, reason: string): unknown,
 *   readonly closed: Promise<End>,
 * } & AsyncIterable<{ data: string | Uint8Array }>} Socket
 */
import { version } from '../version.js';

/**
 * What the suite asks of a server under test: one server for each, each on a port of its own.
 *
 * @typedef {{ maxPayload: number, threshold?: number, closeTimeout?: number, closeReplyTimeout?: number }} Options
 */

/** @type {(readonly Options[])} */
export const wanted = JSON.parse(globalThis.process?.argv[2] ?? '[]');

/** Says that all servers listen, and what runs them. @param {readonly number[]} ports */
export const listening = (ports) => console.log(JSON.stringify({ ports, version }));

/** Connections that wait until another one says `go`. @type {Map<string, () => void>} */
const waiting = new Map();
/** How many messages `flood` has sent. @type {Map<string, number>} */
const sent = new Map();

const FLOOD = 400;
const FLOOD_BYTES = 65_536;

/** @param {Socket} socket @param {string} path */
export async function behave(socket, path) {
  const [, behaviour = '', name = ''] = path.split('/');
  const tell = (/** @type {string} */ told) => console.log(JSON.stringify({ name, told }));
  try {
    if (behaviour === 'echo') for await (const { data } of socket) await socket.send(data);
    if (behaviour === 'tell') for await (const { data } of socket) tell(messageLine(data));
    if (behaviour === 'close') {
      socket.close(4000, 'grüße');
      for await (const { data } of socket) tell(messageLine(data));
    }
    if (behaviour === 'wait') await countAfterGo(socket, name, tell);
    if (behaviour === 'go') waiting.get(name)?.();
    if (behaviour === 'flood') await flood(socket, name);
    if (behaviour === 'sent') for await (const _ of socket) await socket.send(String(sent.get(name)));
  } catch {
    // What has ended the connection is told below.
  }
  const { code, reason, cause } = await socket.closed;
  const why =
    cause?.violation === undefined ? cause && (cause.code ?? 'lost') : `${cause.violation} at ${cause.offset}`;
  tell(`end ${code} ${JSON.stringify(reason)}${why === undefined ? '' : ` ${why}`}`);
}

/**
 * Takes one message, does nothing until it may go on, and then says how many have come when one says that it is the
 * last.
 *
 * @param {Socket} socket
 * @param {string} name
 * @param {(told: string) => void} tell
 */
async function countAfterGo(socket, name, tell) {
  let count = 0;
  for await (const { data } of socket) {
    if (data === 'last') {
      await socket.send(String(count));
      return;
    }
    if (++count > 1) continue;
    await new Promise((resolve) => {
      waiting.set(name, () => resolve(undefined));
      tell('waits');
    });
  }
}

/** Sends many messages, each as soon as it may. @param {Socket} socket @param {string} name */
async function flood(socket, name) {
  for (let i = 0; i < FLOOD; i++) {
    await socket.send(new Uint8Array(FLOOD_BYTES).fill(i));
    sent.set(name, i + 1);
  }
  socket.close(1000, '');
}

/** A message as a line; a long one by its sum. @param {string | Uint8Array} data */
function messageLine(data) {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  return `${typeof data === 'string' ? 'text' : 'binary'} ${bytes.length}:${digest(bytes)}`;
}

/** All bytes of a short one in hex; FNV-1a of a longer one. @param {Uint8Array} bytes */
export function digest(bytes) {
  if (bytes.length <= 64) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `fnv ${(hash >>> 0).toString(16)}`;
}
