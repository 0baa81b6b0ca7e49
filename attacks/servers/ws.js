/** `ws`, as its README has it; with compression, which it does only for clients that offer it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { application, closed, DOORS, doorkeeper, gate, MIB, reflected, serveDoors } from './application.js';

/** @param {import('./application.js').Door} door */
function open(door) {
  const maxPayload = door === 'small' ? { maxPayload: MIB } : {};
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: true, ...maxPayload });
  // "Client authentication"
  const onSocketError = () => {};
  const http = createServer().on('upgrade', async (request, socket, head) => {
    socket.on('error', onSocketError);
    await doorkeeper(door);
    socket.removeListener('error', onSocketError);
    server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
  });
  if (door === 'reflect') server.on('headers', (lines, { url }) => lines.push(`Content-Language: ${reflected(url)}`));
  server.on('connection', async (socket) => {
    const listener = application(door, {
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
      ping: (data) => socket.ping(data),
    });
    if (door !== 'bare') socket.on('error', () => {});
    socket.on('close', (code) => closed(door, code));
    if (door === 'late') await gate();
    socket.on('message', (data, isBinary) => void listener(isBinary ? /** @type {Buffer} */ (data) : data.toString()));
  });
  if (door === 'heartbeat') findBrokenConnections(server);
  return { server, http: http.listen(0, '127.0.0.1') };
}

/** "How to detect and close broken connections", every half second. @param {WebSocketServer} server */
function findBrokenConnections(server) {
  const alive = new WeakSet();
  server.on('connection', (socket) => {
    alive.add(socket);
    socket.on('pong', () => alive.add(socket));
  });
  setInterval(() => {
    for (const socket of server.clients) {
      if (!alive.has(socket)) socket.terminate();
      else {
        alive.delete(socket);
        socket.ping();
      }
    }
  }, 500);
}

const doors = DOORS.map(open);
await Promise.all(doors.map(({ http }) => once(http, 'listening')));
const port = (/** @type {import('node:http').Server} */ http) =>
  /** @type {import('node:net').AddressInfo} */ (http.address()).port;
serveDoors(Object.fromEntries(doors.map(({ http }, at) => [DOORS[at], port(http)])), () =>
  Promise.all(
    doors.map(({ server, http }) => {
      server.close();
      return new Promise((resolve) => http.close(resolve));
    }),
  ),
);
