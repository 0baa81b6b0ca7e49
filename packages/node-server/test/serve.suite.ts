import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ServerOptions } from '../src/options.ts';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { open, type RawClient } from './raw-client.suite.ts';

/** Options without the way to listen, which the helper chooses. */
export type ServeOptions = Omit<ServerOptions, 'port' | 'server' | 'noServer' | 'host'>;

/** A server on a free port of 127.0.0.1, which ends with the test; whoever is still connected then is cut off. */
export async function serve(
  options: ServeOptions = {},
  connection?: (socket: WebSocket, request: IncomingMessage) => void,
): Promise<{ server: WebSocketServer; port: number }> {
  const server = new WebSocketServer({ ...options, port: 0, host: '127.0.0.1' });
  if (connection !== undefined) server.on('connection', connection);
  await once(server, 'listening');
  onTestFinished(() => shut(server));
  return { server, port: (server.address() as AddressInfo).port };
}

/** Cuts off every client of a server and waits for its end. */
export async function shut(server: WebSocketServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const client of server.clients) client.terminate();
  await closed;
}

/** An http server on a free port of 127.0.0.1, which ends with the test. */
export async function listen(server: Server = createServer()): Promise<{ server: Server; port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** The first connection that a server accepts from now on. */
export async function nextConnection(server: WebSocketServer): Promise<WebSocket> {
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  return socket;
}

/** A server, a client that it has let in, and its end of that connection. */
export async function serveOne(
  ...options: Parameters<typeof serve>
): Promise<{ server: WebSocketServer; port: number; client: RawClient; socket: WebSocket }> {
  const { server, port } = await serve(...options);
  const connected = nextConnection(server);
  const client = await open(port);
  return { server, port, client, socket: await connected };
}

/** Has a client reset its connection, and waits until the server, which may have stopped reading, knows it. */
export async function reset(client: RawClient, socket: WebSocket): Promise<void> {
  client.socket.resetAndDestroy();
  // Who does not read finds out by writing.
  while (socket.readyState === socket.OPEN) {
    socket.ping();
    await new Promise(setImmediate);
  }
}

/** How a WebSocket has ended, as its application was told. */
export function ended(socket: WebSocket): Promise<{ code: number; reason: string; cause: Error | undefined }> {
  // Not `once` of node:events, which adds an 'error' listener.
  return new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString(), cause: socket.cause }));
  });
}

/** A promise and its two ends. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
