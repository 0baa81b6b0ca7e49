/**
 * The playground: `npm start`, and open the address that it prints.
 *
 * PORT: default 8080; 0 lets the system choose one.
 * HOST: default 127.0.0.1, which only this machine can reach. HOST=0.0.0.0 lets a phone on the same network in, and
 * everybody else there.
 */
import { networkInterfaces } from 'node:os';
import { createPlayground } from './playground.js';

const host = process.env['HOST'] || '127.0.0.1';
const wanted = process.env['PORT'] || '8080';
if (!/^\d{1,5}$/.test(wanted) || Number(wanted) > 65_535) {
  stop(`PORT must be a number from 0 to 65535, and it is "${wanted}". For example: PORT=8081 npm start`);
}
const port = Number(wanted);

const server = createPlayground();
server.once('error', (error) => stop(whyNot(error)));
server.listen(port, host, () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`The playground is at ${addresses(address).join(' and ')}  (Ctrl+C stops it)`);
});

/**
 * Where a browser finds us: a server on all addresses has no single one.
 *
 * @param {import('node:net').AddressInfo} listening
 */
function addresses({ address, family, port }) {
  if (address !== '0.0.0.0' && address !== '::') {
    return [`http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`];
  }
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((one) => one.family === 'IPv4' && !one.internal);
  return ['127.0.0.1', ...others.map((one) => one.address)].map((ip) => `http://${ip}:${port}/`);
}

/** @param {NodeJS.ErrnoException} error why the server does not listen */
function whyNot({ code, message }) {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use by another program. Choose another one: PORT=${port === 65_535 ? 8080 : port + 1} npm start`;
    case 'EACCES':
      return `Port ${port} is not open to this user. Choose one over 1023: PORT=8080 npm start`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST must be an address of this machine, and it is "${host}". Leave it out for 127.0.0.1`;
    default:
      return `The playground cannot listen on ${host}, port ${port}: ${message}`;
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(message);
  process.exit(1);
}
