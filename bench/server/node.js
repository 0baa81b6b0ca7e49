/**
 * ws or @ws/node-server, with their defaults; prints its port. An echo, at /string of each message as a string; what
 * comes to /pub goes to all others. With a folder of cert.pem and key.pem, over TLS.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

const [name, folder] = process.argv.slice(2);
const address = { port: 0, host: '127.0.0.1' };
const https =
  folder === undefined
    ? undefined
    : createServer({ cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) });
const options = https === undefined ? address : { server: https };
// Each process has loaded what it measures, and no more.
if (name === 'ws') {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer(options);
  start(server, (data, binary, publisher) => {
    for (const client of server.clients) {
      if (client !== publisher && client.readyState === client.OPEN) client.send(data, { binary });
    }
  });
} else {
  const { WebSocketServer } = await import('@ws/node-server');
  const server = new WebSocketServer(options);
  start(server, (data, binary, publisher) => server.broadcast(data, { binary, except: publisher }));
}
https?.listen(address);
process.on('SIGUSR2', () => globalThis.gc?.());

/**
 * @param {any} server of either package
 * @param {(data: Buffer, binary: boolean, publisher: any) => void} publish
 */
function start(server, publish) {
  server.on('listening', () => console.log(server.address().port));
  server.on('connection', (/** @type {any} */ socket, /** @type {import('node:http').IncomingMessage} */ { url }) => {
    // In ws, a reset that nobody listens for ends the process.
    if (name === 'ws') socket.on('error', () => {});
    if (url === '/pub') {
      socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) =>
        publish(data, isBinary, socket),
      );
    } else if (url === '/string') {
      socket.on('message', (/** @type {Buffer} */ data) => socket.send(data.toString()));
    } else {
      socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ isBinary) =>
        socket.send(data, { binary: isBinary }),
      );
    }
  });
}
