/** @ws/deno-adapter, with its defaults where the door asks for nothing else. */
import { serve } from '@ws/deno-adapter';
import { application, closed, DOORS, doorkeeper, gate, MIB, reflected, serveDoors, uncaught } from './application.js';

/** @type {Partial<Record<import('./application.js').Door, import('@ws/deno-adapter').PolicyOptions>>} */
const OPTIONS = {
  small: { maxPayload: MIB },
  origin: { allowedOrigins: ['https://example.com'] },
  heartbeat: { heartbeat: { interval: 500, timeout: 500 } },
  auth: { authenticate: () => doorkeeper('auth').then(() => ({ ok: true })) },
  never: { authenticate: () => doorkeeper('never').then(() => ({ ok: true })), handshakeTimeout: 500 },
  reflect: {
    authenticate: ({ request }) => ({ ok: true, headers: { 'Content-Language': reflected(request.url) } }),
  },
};

/** @param {import('./application.js').Door} door */
const open = (door) =>
  serve(
    {
      port: 0,
      hostname: '127.0.0.1',
      onListen: () => {},
      onError: uncaught,
      // What `timeout` of `close` is in @ws/node-server.
      closeReplyTimeout: 500,
      ...OPTIONS[door],
    },
    async (socket) => {
      socket.closed.then(({ code }) => closed(door, code));
      const listener = application(door, {
        send: (data) => socket.send(data),
        close: (code, reason) => socket.close(code, reason),
        ping: (data) => socket.ping(data),
      });
      if (door === 'late') await gate();
      for await (const { data } of socket) await listener(data);
    },
  );

const servers = DOORS.map(open);
const port = (/** @type {{ addr: unknown }} */ { addr }) => /** @type {{ port: number }} */ (addr).port;
serveDoors(Object.fromEntries(servers.map((server, at) => [DOORS[at], port(server)])), () =>
  Promise.all(servers.map((server) => server.close())),
);
