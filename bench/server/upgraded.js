/**
 * What `node:http` leaves to a server of WebSockets: a socket that has had its response, and one listener that looks at
 * nothing. The limit of an idle connection. Prints its port.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const nothing = () => {};

const server = createServer().on('upgrade', (request, /** @type {import('node:net').Socket} */ socket) => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash('sha1').update(key).digest('base64');
  socket.on('data', nothing).on('error', nothing);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
});
server.listen(0, '127.0.0.1', () => console.log(/** @type {import('node:net').AddressInfo} */ (server.address()).port));
process.on('SIGUSR2', () => globalThis.gc?.());
