/**
 * A WebSocket server inside of a page. `listen` stands for Direct Sockets, which a page must be installed for:
 * `const { readable } = await new TCPServerSocket('0.0.0.0').opened`, and each of its sockets has an `opened` as well.
 */
import { UpgradePolicy } from '@ws/handshake';
import { openClient } from './client.js';
import { acceptClient } from './server.js';

function listen() {
  const { readable, writable } = new TransformStream();
  const incoming = writable.getWriter();
  const dial = () => {
    const [there, back] = [new TransformStream(), new TransformStream()];
    incoming.write({ opened: Promise.resolve({ readable: there.readable, writable: back.writable }) });
    return { readable: back.readable, writable: there.writable };
  };
  return { readable, dial };
}

/** @typedef {NonNullable<Awaited<ReturnType<typeof acceptClient>>>} Accepted */

/** Serves every client, and gives back how to become one. @param {(accepted: Accepted) => unknown} serve */
export function serveInPage(serve) {
  const server = listen();
  /** @type {UpgradePolicy<import('@ws/connection').Extension>} */
  const policy = new UpgradePolicy({ subprotocols: ['chat'] });
  (async () => {
    const sockets = server.readable.getReader();
    for (;;) {
      const { done, value } = await sockets.read();
      if (done) return;
      value.opened
        .then((/** @type {ReturnType<typeof server.dial>} */ streams) => acceptClient(streams, policy))
        .then((/** @type {Accepted | undefined} */ accepted) => accepted && serve(accepted));
    }
  })();
  /** @param {string} url @param {Partial<import('@ws/connection').SocketOptions>} [options] */
  return (url, options) => openClient(server.dial(), url, options);
}

/** The echo that the page shows. @param {string} text */
export async function echoInPage(text) {
  const connect = serveInPage(async ({ socket }) => {
    for await (const { data } of socket) await socket.send(data);
  });
  const socket = await connect('ws://in.page/chat');
  await socket.send(text);
  const { value } = await socket[Symbol.asyncIterator]().next();
  await socket.close(1000);
  return value?.data;
}
