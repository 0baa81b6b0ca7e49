/** One echo server; prints its port. */
import { createServer } from 'node:net';
import { WebSocketServer as OurServer } from '@ws/node-server';
import { WebSocketServer as TheirServer } from 'ws';

const name = process.argv[2];
if (name === 'net') {
  const server = createServer((socket) =>
    socket
      .setNoDelay(true)
      .pipe(socket)
      .on('error', () => {}),
  );
  server.listen(0, '127.0.0.1', () =>
    console.log(/** @type {import('node:net').AddressInfo} */ (server.address()).port),
  );
} else {
  // Both with their defaults.
  const Server = name === 'ws' ? TheirServer : OurServer;
  const server = new Server({ port: 0, host: '127.0.0.1' });
  server.on('listening', () => console.log(/** @type {import('node:net').AddressInfo} */ (server.address()).port));
  server.on('connection', (/** @type {import('ws').WebSocket} */ socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
}
