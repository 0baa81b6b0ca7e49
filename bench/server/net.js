/** A bare echo on node:net, or with a folder of cert.pem and key.pem on node:tls: the limit. Prints its port. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

const folder = process.argv[2];
const echo = (/** @type {import('node:net').Socket} */ socket) =>
  void socket
    .setNoDelay(true)
    .pipe(socket)
    .on('error', () => {});
const server =
  folder === undefined
    ? createServer(echo)
    : createTlsServer(
        { cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) },
        echo,
      ).on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => console.log(/** @type {import('node:net').AddressInfo} */ (server.address()).port));
process.on('SIGUSR2', () => globalThis.gc?.());
