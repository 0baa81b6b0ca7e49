/**
 * The process behind the proxies of this folder: start one for each `server` line of their configuration.
 *
 * Usage: PORT=8081 node deploy/server.js
 */
import { WebSocketServer } from '@ws/node-server';

const server = new WebSocketServer({
  port: Number(process.env['PORT'] ?? 8081),
  // Only the proxy can reach this address; without it, anybody could come past TLS and write X-Forwarded-For.
  host: '127.0.0.1',
  trustProxy: ['127.0.0.1'],
});

server.on('connection', (socket) => {
  socket.send(`process ${process.pid} serves ${socket.remoteAddress}`);
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

server.on('listening', () => {
  const address = server.address();
  console.log(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
});
