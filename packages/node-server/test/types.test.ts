/** What compiles, and what must not: `npm run typecheck` judges. Nothing here is called that a test does not call. */
import { type EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { expect, expectTypeOf, test } from 'vitest';
import type { HeartbeatSettings, RawData } from '../src/index.ts';
import type { ServerOptions } from '../src/options.ts';
import { WebSocketServer } from '../src/server.ts';
import type { VerifyClient } from '../src/upgrade/verify-client.ts';
import type { WebSocket } from '../src/websocket.ts';

test('close: a callback or none, as ws takes it', async () => {
  const shut = (callback?: () => void) => new WebSocketServer({ noServer: true }).close(callback);
  expectTypeOf(shut).returns.toEqualTypeOf<Promise<void> | void>();
  expect(await shut()).toBeUndefined();
  await new Promise<void>((resolve) => shut(resolve));
});

export function listen(socket: WebSocket): void {
  for (const on of ['on', 'addListener', 'prependListener'] as const) {
    socket[on]('message', (data: Buffer, isBinary: boolean) => [data, isBinary]);
    socket[on]('close', () => {});
    // @ts-expect-error a typo
    socket[on]('mesage', () => {});
    // @ts-expect-error no event has this name
    socket[on](Symbol('message'), () => {});
    // @ts-expect-error data is no string
    socket[on]('message', (data: string) => data);
  }
}

interface ExtWebSocket extends WebSocket {
  isAlive: boolean;
}

interface AppRequest extends IncomingMessage {
  session: string;
}

test('from ws: a socket and a request with fields of their own, and what more is emitted with them', () => {
  const server = new WebSocketServer({ noServer: true });
  const heard: unknown[] = [];
  server.on('connection', (ws: ExtWebSocket, request: AppRequest) => heard.push(ws.isAlive, request.session));
  server.on('connection', (ws, request, client) => {
    expectTypeOf(ws).toEqualTypeOf<WebSocket>();
    expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
    heard.push(client.name);
  });
  const ws = { isAlive: true } as ExtWebSocket;
  server.emit('connection', ws, { session: 's' } as AppRequest, { name: 'ada' });
  expect(heard).toEqual([true, 's', 'ada']);
  // @ts-expect-error a typo
  server.emit('conection', ws);
  // @ts-expect-error no request
  expect(() => server.emit('connection', ws)).toThrow(TypeError);
});

export function listenToServer(server: WebSocketServer): void {
  for (const on of ['on', 'once', 'off', 'addListener', 'removeListener', 'prependListener'] as const) {
    server[on]('connection', (socket: ExtWebSocket, request: AppRequest, client: User) => [socket, request, client]);
    // @ts-expect-error a typo
    server[on]('conection', () => {});
    // @ts-expect-error a socket is no string
    server[on]('connection', (socket: string) => socket);
    // @ts-expect-error nor is a request
    server[on]('connection', (_: WebSocket, request: string) => request);
    // @ts-expect-error a server that listens has nothing to say
    server[on]('listening', (port: number) => port);
  }
}

test('from ws: this is the socket, or the server', () => {
  const server = new WebSocketServer({ noServer: true });
  const heard: unknown[] = [];
  server.once('close', function () {
    expectTypeOf(this).toEqualTypeOf<WebSocketServer>();
    heard.push(this.clients);
  });
  server.emit('close');
  expect(heard).toEqual([server.clients]);
});

export function heartbeat(ws: WebSocket): void {
  ws.on('pong', function () {
    expectTypeOf(this).toEqualTypeOf<WebSocket>();
  });
  ws.on('pong', function (this: ExtWebSocket) {
    this.isAlive = true;
  });
  (ws as ExtWebSocket).on('pong', function () {
    this.isAlive = true;
  });
  ws.on('pong', function () {
    // @ts-expect-error there is no such field
    this.isAlive = true;
  });
  // @ts-expect-error the socket is no server
  ws.on('pong', function (this: WebSocketServer) {});
}

export async function settled(ws: WebSocket): Promise<void> {
  await new Promise<void>((resolve) => ws.once('close', resolve));
  await new Promise<void>((resolve) => ws.once('message', resolve));
  expectTypeOf(await new Promise<Buffer>((resolve) => ws.once('message', resolve))).toEqualTypeOf<Buffer>();
  // @ts-expect-error a typo
  await new Promise<void>((resolve) => ws.once('clos', resolve));
  // @ts-expect-error the code is no string
  await new Promise<string>((resolve) => ws.once('close', resolve));
  ws.once('message', (data, isBinary) => {
    expectTypeOf(data).toEqualTypeOf<Buffer<ArrayBuffer>>();
    expectTypeOf(isBinary).toEqualTypeOf<boolean>();
  });
}

export function messages(ws: WebSocket): void {
  ws.on('message', (data: WebSocket.RawData) => ws.send(data));
  ws.on('message', (data: WebSocket.Data) => ws.send(data));
  ws.onmessage = ({ data }: { data: WebSocket.Data }) => ws.send(data);
  expectTypeOf<WebSocket.RawData>().toEqualTypeOf<RawData>();
  // What Node's own functions take.
  const emitters: EventEmitter[] = [ws, new WebSocketServer({ noServer: true })];
  for (const emitter of emitters) void once(emitter, 'close');
  void once(ws, 'message');
}

test('heartbeat: its times have a name, the same as in @ws/connection', () => {
  expectTypeOf<HeartbeatSettings | boolean | undefined>().toEqualTypeOf<ServerOptions['heartbeat']>();
});

interface User {
  readonly name: string;
}

async function userOf(token: string | undefined): Promise<User | undefined> {
  return token === 's3cret' ? { name: 'ada' } : undefined;
}

test('context: what verifyClient hands over has its type at the connection', () => {
  const server = new WebSocketServer({
    noServer: true,
    verifyClient: async ({ req }) => {
      const user = await userOf(req.headers.authorization);
      return user ? { ok: true, context: user } : false;
    },
    messageHook: (_, socket) => socket.context.name === 'ada',
  });
  expectTypeOf(server).toEqualTypeOf<WebSocketServer<User>>();
  server.on('connection', (socket) => expectTypeOf(socket.context).toEqualTypeOf<User>());
  server.on('connection', (socket) => socket.send(`hello ${socket.context.name}`));
  server.broadcast('to ada', { filter: ({ context }) => context.name === 'ada' });
  for (const { context } of server.clients) expectTypeOf(context).toEqualTypeOf<User>();
  // One that knows its context is one of those that do not.
  const servers: WebSocketServer[] = [server];
  const sockets: WebSocket[] = [...server.clients];
  const verify: VerifyClient = (() => ({ ok: true, context: { name: 'ada' } })) satisfies VerifyClient<User>;
  expect([servers.length, sockets.length, verify.length]).toEqual([1, 0, 0]);
});

test('verifyClient: an async hook may call back', () => {
  const server = new WebSocketServer({
    noServer: true,
    verifyClient: async ({ req }, callback) => callback((await userOf(req.headers.authorization)) !== undefined),
  });
  expectTypeOf(server).toEqualTypeOf<WebSocketServer>();
  expect(server.clients.size).toBe(0);
});

test('context: nothing is known of it where no hook says so', () => {
  const options: ServerOptions = { noServer: true, verifyClient: () => true };
  const plain = new WebSocketServer(options);
  expectTypeOf(plain).toEqualTypeOf<WebSocketServer>();
  expectTypeOf(new WebSocketServer({ noServer: true })).toEqualTypeOf<WebSocketServer>();
  plain.on('connection', (socket) => expectTypeOf(socket).toEqualTypeOf<WebSocket>());
  expectTypeOf<WebSocket['context']>().toEqualTypeOf<unknown>();
  expectTypeOf<WebSocketServer['clients']>().toEqualTypeOf<ReadonlySet<WebSocket>>();
});

test('server: an http2 server that takes HTTP/1.1 as well is one', () => {
  expectTypeOf<Http2SecureServer>().toExtend<NonNullable<ServerOptions['server']>>();
  const server = new WebSocketServer({ server: createSecureServer({ allowHTTP1: true }) });
  expect(server.clients.size).toBe(0);
});

test('context: also by hand, for a server without a hook', () => {
  const server = new WebSocketServer<User>({ noServer: true });
  server.on('connection', ({ context }) => expectTypeOf(context).toEqualTypeOf<User>());
  // @ts-expect-error not a User
  const other = new WebSocketServer<User>({ noServer: true, verifyClient: () => ({ ok: true, context: 1 }) });
  expect(other.clients).not.toBe(server.clients);
});
