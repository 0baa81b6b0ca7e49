/**
 * The client of @ws/handshake and @ws/connection over a socket of Node, as `examples/embed/client.js` has it, and with
 * compression.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { openStreams } from '@ws/connection';
import { createUpgrade, HeadParser, serializeHead, verifyUpgrade } from '@ws/handshake';
import { offerPermessageDeflate } from '@ws/permessage-deflate';
import { nodeZlib } from '@ws/permessage-deflate/node';
import { streamsOf } from '../../conformance/node-streams.js';

/**
 * What an application is asked to connect to.
 *
 * @typedef {{ port: number, path?: string, subprotocols?: string[] }} Order
 */
/** What it was told. @typedef {{ refused: string } | { messages: number, code: number }} Told */

/** Errors that nobody has caught. @type {string[]} */
const uncaught = [];
/** How much was read of the last server. */
let read = 0;
process.on('uncaughtException', (error) => void uncaught.push(String(error)));
process.on('unhandledRejection', (error) => void uncaught.push(String(error)));

/** @param {Order} order @returns {Promise<Told>} */
async function visit({ port, path = '/', subprotocols = [] }) {
  const pending = createUpgrade(`ws://127.0.0.1:${port}${path}`, {
    random: () => randomBytes(16),
    subprotocols,
    extensions: [offerPermessageDeflate(nodeZlib())],
  });
  const tcp = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  const streams = streamsOf(tcp);
  try {
    const socket = await open(streams, pending);
    let messages = 0;
    try {
      for await (const _ of socket) messages++;
    } catch {
      // What has ended the connection is told below.
    }
    return { messages, code: (await socket.closed).code };
  } finally {
    read = tcp.bytesRead;
    tcp.destroy();
  }
}

/**
 * @param {ReturnType<typeof streamsOf>} streams
 * @param {import('@ws/handshake').PendingUpgrade<import('@ws/permessage-deflate').PermessageDeflate>} pending
 */
async function open(streams, pending) {
  const writer = streams.writable.getWriter();
  await writer.write(serializeHead(pending.request));
  writer.releaseLock();
  const parser = new HeadParser('response');
  const reader = streams.readable.getReader();
  let pushed;
  while (!pushed) {
    const { done, value } = await reader.read();
    if (done) throw new Error('the server has ended the connection before its answer was whole');
    pushed = parser.push(value);
  }
  reader.releaseLock();
  if ('error' in pushed) throw pushed.error;
  const answer = verifyUpgrade(pushed.head, pending);
  if (!answer.ok) throw answer.error;
  const extensions = answer.negotiated.extensions.map(({ extension }) => extension);
  return openStreams(streams, { role: 'client', runtime: globalThis, early: pushed.rest, extensions });
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const told = await visit(JSON.parse(line)).catch((error) => ({ refused: String(error.message) }));
  console.log(JSON.stringify({ ...told, uncaught, read }));
});
