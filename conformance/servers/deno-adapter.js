/** @ws/deno-adapter, in Deno. */
import { serve } from '@ws/deno-adapter';
import { behave, listening, wanted } from './behave.js';

/** @param {import('./behave.js').Options} options */
function listen({ threshold = 1024, ...options }) {
  const server = serve(
    { ...options, port: 0, hostname: '127.0.0.1', perMessageDeflate: { threshold }, onListen: () => {} },
    (socket) => behave(socket, new URL(socket.request.url).pathname),
  );
  return /** @type {{ port: number }} */ (server.addr).port;
}

listening(wanted.map(listen));
