/**
 * uWebSockets.js; prints its port. An echo, at /string of each message as a string; what comes to /pub goes to all of
 * /sub. With its defaults, but for the two limits that would close or drop in the table: they are as in
 * @ws/node-server.
 */
import { createRequire } from 'node:module';
import { binaryOf } from '@ws/runtimes';

const { App, us_socket_local_port } = createRequire(import.meta.url)(binaryOf('@btc-vision/uwebsockets.js', 'uws.js'));

const limits = { maxPayloadLength: 16 * 1024 * 1024, maxBackpressure: 64 * 1024 * 1024 };
const app = App();
/** @typedef {{ send(data: ArrayBuffer | string, isBinary?: boolean): void, subscribe(topic: string): void }} Socket */
app.ws('/pub', {
  ...limits,
  message: (/** @type {Socket} */ _, /** @type {ArrayBuffer} */ data, /** @type {boolean} */ isBinary) =>
    app.publish('all', data, isBinary),
});
app.ws('/sub', { ...limits, open: (/** @type {Socket} */ socket) => socket.subscribe('all') });
app.ws('/string', {
  ...limits,
  message: (/** @type {Socket} */ socket, /** @type {ArrayBuffer} */ data) => socket.send(Buffer.from(data).toString()),
});
app.ws('/*', {
  ...limits,
  message: (/** @type {Socket} */ socket, /** @type {ArrayBuffer} */ data, /** @type {boolean} */ isBinary) =>
    socket.send(data, isBinary),
});
app.listen('127.0.0.1', 0, (/** @type {unknown} */ listening) => console.log(us_socket_local_port(listening)));
process.on('SIGUSR2', () => globalThis.gc?.());
