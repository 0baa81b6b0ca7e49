/**
 * A Worker that is a WebSocket client over a TCP socket of its own: it asks a chat server, and answers with what it
 * says.
 */
import { connect } from 'cloudflare:sockets';
import { openClient } from './client.js';

/** @param {string} url @param {Partial<import('@ws/connection').SocketOptions>} [options] */
export async function connectTo(url, options) {
  const { hostname, port } = new URL(url);
  // Half open: the WebSocket closes first, then TCP does.
  const socket = connect({ hostname, port: Number(port || 80) }, { secureTransport: 'off', allowHalfOpen: true });
  try {
    return await openClient(socket, url, options);
  } catch (error) {
    await socket.close();
    throw error;
  }
}

export default {
  /** @param {Request} request @param {{ CHAT: string }} env */
  async fetch(request, env) {
    const socket = await connectTo(env.CHAT);
    await socket.send(await request.text());
    for await (const { data } of socket) {
      await socket.close(1000);
      return new Response(data);
    }
    return new Response('the server has said nothing', { status: 502 });
  },
};
