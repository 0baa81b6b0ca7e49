/** One echo server; says its port, and on request what it has used. */
import { WebSocketServer as OurServer } from '@ws/node-server';
import { WebSocketServer as TheirServer } from 'ws';

const [name, options = '{}'] = process.argv.slice(2);
const Server = name === 'ws' ? TheirServer : OurServer;
const server = new Server({ port: 0, host: '127.0.0.1', ...JSON.parse(options) });
const send = (/** @type {object} */ what) => process.send?.(what);
server.on('listening', () => send(/** @type {import('node:net').AddressInfo} */ (server.address())));
server.on('connection', (/** @type {import('ws').WebSocket} */ socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
process.on('message', () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  send({ cpuSeconds: (user + system) / 1e6, rss: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
