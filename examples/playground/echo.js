import { WebSocketServer } from '@ws/node-server';
import { sameOrigin } from './same-origin.js';

/** @import { Tap } from './taps.js' */

/**
 * The endpoint /echo: every message comes back as it was sent. Messages have at most 1 MiB.
 *
 * @param {import('node:http').Server} http
 * @param {ReadonlyMap<string, Tap>} taps who watches: see taps.js
 */
export function openEcho(http, taps) {
  // An echo needs no subclass. The tap does: only here is the socket known, and what came with the request.
  class EchoServer extends WebSocketServer {
    /**
     * @override
     * @type {WebSocketServer['handleUpgrade']}
     */
    handleUpgrade(request, socket, head, callback) {
      super.handleUpgrade(request, socket, head, (webSocket) => {
        taps.get(query(request.url).get('tap') ?? '')?.record(socket, head);
        callback(webSocket, request);
      });
    }
  }

  const server = new EchoServer({
    server: http,
    path: '/echo',
    maxPayload: 1024 * 1024,
    // The page shows what crosses the wire, to be read.
    perMessageDeflate: false,
    verifyClient: sameOrigin,
  });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      const more = socket.send(data, { binary: isBinary });
      // A client that sends and does not read would fill our memory: read on when it has read.
      if (!more && socket.readyState === socket.OPEN) socket.pause();
    });
    socket.on('drain', () => socket.resume());
  });
  return server;
}

/** @param {string | undefined} target of a request */
function query(target = '') {
  return new URLSearchParams(target.split('?')[1]);
}
