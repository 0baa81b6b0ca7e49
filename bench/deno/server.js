/** One echo server in Deno; prints its port. In Deno's own, what comes to /pub goes to all of /sub. */
import { serve } from '@ws/deno-adapter';

const address = { port: 0, hostname: '127.0.0.1' };
const contestant = Deno.args[0];
if (contestant === 'tcp') {
  const listener = Deno.listen(address);
  console.log(listener.addr.port);
  for await (const conn of listener) {
    conn.setNoDelay(true);
    echo(conn).catch(() => {});
  }
} else if (contestant === 'Deno') {
  /** @type {Set<WebSocket>} */
  const subscribers = new Set();
  Deno.serve({ ...address, onListen: ({ port }) => console.log(port) }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const { pathname } = new URL(request.url);
    socket.binaryType = 'arraybuffer';
    if (pathname === '/pub') {
      socket.onmessage = ({ data }) => {
        for (const subscriber of subscribers) subscriber.send(data);
      };
    } else {
      socket.onmessage = ({ data }) => socket.send(data);
    }
    if (pathname === '/sub') {
      socket.onopen = () => subscribers.add(socket);
      socket.onclose = () => subscribers.delete(socket);
    }
    return response;
  });
  Deno.addSignalListener('SIGUSR2', () => globalThis.gc?.());
} else {
  const server = serve(address, async (socket) => {
    for await (const { data } of socket) await socket.send(data);
  });
  console.log(server.addr.port);
}

/** @param {Deno.Conn} conn */
async function echo(conn) {
  const memory = new Uint8Array(65_536);
  for (let length = await conn.read(memory); length !== null; length = await conn.read(memory)) {
    for (let at = 0; at < length; ) at += await conn.write(memory.subarray(at, length));
  }
  conn.close();
}
