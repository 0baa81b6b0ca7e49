/**
 * Bun's own WebSocket server, with its defaults, as an echo; what comes to /pub goes to all of /sub. Prints its port.
 */
const { Bun } = /** @type {{ Bun: any }} */ (/** @type {unknown} */ (globalThis));

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (/** @type {Request} */ request, /** @type {any} */ server) => {
    const data = { path: new URL(request.url).pathname };
    return server.upgrade(request, { data }) ? undefined : new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    open: (/** @type {any} */ socket) => socket.data.path === '/sub' && socket.subscribe('all'),
    message: (/** @type {any} */ socket, /** @type {unknown} */ data) =>
      void (socket.data.path === '/pub' ? server.publish('all', data) : socket.send(data)),
  },
});
console.log(server.port);
process.on('SIGUSR2', () => Bun.gc(true));
