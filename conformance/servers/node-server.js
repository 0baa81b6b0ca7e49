/** @ws/node-server, in whichever runtime runs this. */
import { once } from 'node:events';
import { WebSocketServer } from '@ws/node-server';
import { behave, listening, wanted } from './behave.js';

/** @param {import('./behave.js').Options} options */
async function serve({ threshold = 1024, ...options }) {
  const server = new WebSocketServer({ ...options, port: 0, host: '127.0.0.1', perMessageDeflate: { threshold } });
  server.on('connection', (socket, { url = '' }) => {
    /** @type {Promise<import('./behave.js').End>} */
    const closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason), cause: socket.cause }));
    });
    const send = (/** @type {string | Uint8Array} */ data) =>
      new Promise((resolve) => {
        // Whoever waits for room goes on at the end as well.
        if (socket.send(data)) resolve(undefined);
        else socket.once('drain', () => resolve(undefined)) && closed.then(resolve);
      });
    const close = socket.close.bind(socket);
    behave({ send, close, closed, [Symbol.asyncIterator]: () => socket[Symbol.asyncIterator]() }, url);
  });
  await once(server, 'listening');
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

listening(await Promise.all(wanted.map(serve)));
