/** One echo server; says its port, and on request what it has used. */
import process from 'node:process';

const [name, options = '{}'] = process.argv.slice(2);
// Each process has loaded what it measures, and no more.
const { WebSocketServer } = await import(name === 'ws' ? 'ws' : '@ws/node-server');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...JSON.parse(options) });
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
