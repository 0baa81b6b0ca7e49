/** @ws/node-server, with its defaults where the door asks for nothing else. */
import { once } from 'node:events';
import { WebSocketServer } from '@ws/node-server';
import { application, closed, DOORS, doorkeeper, gate, MIB, reflected, serveDoors } from './application.js';

/** @type {Partial<Record<import('./application.js').Door, import('@ws/node-server').ServerOptions>>} */
const OPTIONS = {
  small: { maxPayload: MIB },
  origin: { allowedOrigins: ['https://example.com'] },
  heartbeat: { heartbeat: { interval: 500, timeout: 500 } },
  auth: { verifyClient: () => doorkeeper('auth').then(() => true) },
  never: { verifyClient: () => doorkeeper('never').then(() => true), handshakeTimeout: 500 },
};

/** @param {import('./application.js').Door} door */
function open(door) {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    ...OPTIONS[door],
  });
  if (door === 'reflect') server.on('headers', (lines, { url }) => lines.push(`Content-Language: ${reflected(url)}`));
  server.on('connection', async (socket) => {
    const listener = application(door, {
      send: (data) => void socket.send(data),
      close: (code, reason) => socket.close(code, reason),
      ping: (data) => socket.ping(data),
    });
    socket.on('close', (code) => closed(door, code));
    if (door === 'late') await gate();
    socket.on('message', (data, isBinary) => void listener(isBinary ? data : data.toString()));
  });
  return server;
}

const servers = DOORS.map(open);
await Promise.all(servers.map((server) => once(server, 'listening')));
const port = (/** @type {WebSocketServer} */ server) =>
  /** @type {import('node:net').AddressInfo} */ (server.address()).port;
serveDoors(Object.fromEntries(servers.map((server, at) => [DOORS[at], port(server)])), () =>
  Promise.all(servers.map((server) => server.close({ timeout: 500 }))),
);
