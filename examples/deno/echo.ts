/**
 * Every message comes back; a client that does not read is held back.
 *
 *   deno run --allow-net --allow-env=PORT deno/echo.ts
 */
import { serve } from '@ws/deno-adapter';

const port = Number(Deno.env.get('PORT') ?? 8082);

serve(
  {
    port,
    hostname: '127.0.0.1',
    maxPayload: 1_000_000,
    // For a load balancer that asks whether we are there; every other plain request would get a 426 as well.
    onRequest: (request) => new Response(new URL(request.url).pathname === '/health' ? 'ok\n' : 'a WebSocket echo\n'),
    onListen: (address) => console.log(`Listening at ws://${address.hostname}:${address.port}`),
  },
  async (socket) => {
    // While `send` waits for a client that does not read, nothing is read of what it sends.
    for await (const { data } of socket) await socket.send(data);
  },
);
