/**
 * Connects to a @ws/node-server that reads headers of the PROXY protocol, with one and without; prints what came of it.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { WebSocketServer } from '@ws/node-server';

/** Version 2, TCP over IPv4, from 192.0.2.7. */
const HEADER = Buffer.from('0d0a0d0a000d0a515549540a' + '2111000c' + 'c0000207' + '7f000001' + '10102020', 'hex');
const REQUEST =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

console.log(JSON.stringify(await run().catch((/** @type {Error} */ error) => `${error.name}: ${error.message}`)));
process.exit();

async function run() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', proxyProtocol: true, trustProxy: 1 });
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const opened = once(server, 'connection');
  const withHeader = connect(port, '127.0.0.1').end(Buffer.concat([HEADER, Buffer.from(REQUEST)]));
  const [answer] = await once(withHeader, 'data');
  const [{ remoteAddress }] = await opened;
  const without = connect(port, '127.0.0.1').on('error', () => {});
  without.write(REQUEST);
  let bytes = 0;
  without.on('data', ({ length }) => (bytes += length));
  // Not `once`, which a reset would reject.
  await new Promise((resolve) => without.on('close', resolve));
  return { status: String(answer).slice(0, 12), remoteAddress, bytesWithout: bytes };
}
