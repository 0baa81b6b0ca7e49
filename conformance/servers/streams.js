/**
 * The WebSocket over streams of @ws/connection, with its handshake as the example has it, over sockets of Node as
 * streams.
 */
import { createServer } from 'node:net';
import { acceptClient } from '@ws/examples/embed/server.js';
import { UpgradePolicy } from '@ws/handshake';
import { permessageDeflate } from '@ws/permessage-deflate';
import { nodeZlib } from '@ws/permessage-deflate/node';
import { streamsOf } from '../node-streams.js';
import { behave, listening, wanted } from './behave.js';

/** @param {import('./behave.js').Options} options */
async function serve({ threshold = 1024, maxPayload, ...options }) {
  const policy = new UpgradePolicy({ extensions: [permessageDeflate(nodeZlib(), { threshold })] });
  const limits = { maxMessagePayload: maxPayload };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, async (socket) => {
    const accepted = await acceptClient(streamsOf(socket), policy, { limits, ...options });
    if (accepted !== undefined) behave(accepted.socket, accepted.request.target);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

listening(await Promise.all(wanted.map(serve)));
