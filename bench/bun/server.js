/** Bun's own WebSocket server, with its defaults, as an echo; prints its port. */
const { Bun } = /** @type {{ Bun: any }} */ (/** @type {unknown} */ (globalThis));

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: (/** @type {unknown} */ request, /** @type {any} */ server) =>
    server.upgrade(request) ? undefined : new Response('WebSocket only', { status: 426 }),
  websocket: {
    message: (/** @type {any} */ socket, /** @type {unknown} */ data) => void socket.send(data),
  },
});
console.log(server.port);
