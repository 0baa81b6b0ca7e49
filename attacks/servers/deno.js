/** Deno.serve with Deno.upgradeWebSocket, as Deno's manual has them. */
import { application, closed, DOORS, doorkeeper, gate, reflected, serveDoors } from './application.js';

/** @param {import('./application.js').Door} door */
const open = (door) =>
  Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: () => {} }, async (request) => {
    await doorkeeper(door);
    if (request.headers.get('upgrade') !== 'websocket') return new Response(null, { status: 426 });
    const { socket, response } = Deno.upgradeWebSocket(request, door === 'heartbeat' ? { idleTimeout: 1 } : {});
    if (door === 'reflect') response.headers.set('Content-Language', reflected(request.url));
    socket.binaryType = 'arraybuffer';
    socket.onclose = ({ code }) => closed(door, code);
    if (door !== 'bare') socket.onerror = () => {};
    const listener = application(door, {
      send: (data) => socket.send(data),
      close: (code, reason) => socket.close(code, reason),
    });
    const listen = () => {
      socket.onmessage = ({ data }) => void listener(typeof data === 'string' ? data : new Uint8Array(data));
    };
    if (door === 'late') gate().then(listen);
    else listen();
    return response;
  });

const servers = DOORS.map(open);
serveDoors(Object.fromEntries(servers.map(({ addr }, at) => [DOORS[at], addr.port])), () =>
  Promise.all(servers.map((server) => server.shutdown())),
);
