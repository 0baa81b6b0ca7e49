/** The healthy client: one connection, one echo after the other, and how long each takes. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeFrame, Opcode } from '@ws/codec';
import { Client, maskingKey } from './client.js';
import { answer, options } from './programs.js';

const BYTES = 64;

/** @type {{ port: number, localAddress?: string }} */
const target = options();

let echoed = () => {};
const client = await new Promise((resolve) => {
  const client = new Client(target, () => resolve(client), {
    message: () => echoed(),
    pong() {},
    ended(code, why) {
      console.error(`the healthy connection has ended: ${code} ${why}`);
      process.exit(1);
    },
  });
});
const payload = Buffer.alloc(BYTES, 'healthy ');

/** Milliseconds for an echo. */
async function echo() {
  const came = new Promise((resolve) => {
    echoed = () => resolve(undefined);
  });
  const start = performance.now();
  client.socket.write(encodeFrame({ fin: true, opcode: Opcode.Binary, payload }, maskingKey()));
  await came;
  return performance.now() - start;
}

answer({
  /** Echoes with a pause between them, for some seconds. */
  async measure() {
    /** @type {number[]} */
    const times = [];
    const until = performance.now() + 1000 * options().seconds;
    while (performance.now() < until) {
      times.push(await echo());
      await delay(1);
    }
    times.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => times[Math.ceil(share * times.length) - 1] ?? 0;
    return { count: times.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  },
});
await once(process, 'disconnect');
