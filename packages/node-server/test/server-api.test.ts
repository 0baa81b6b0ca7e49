import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { Heartbeat } from '@ws/connection';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { WebSocketServer } from '../src/server.ts';
import { WebSocket } from '../src/websocket.ts';
import { close, type Fields, open, RawClient, request, text, textLine } from './raw-client.suite.ts';
import { listen, nextConnection, serve, serveOne, shut } from './serve.suite.ts';

test("port: 'listening' and the constructor's callback, then address()", async () => {
  const order: string[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 7 }, () => order.push('callback'));
  onTestFinished(() => shut(server));
  server.on('listening', () => order.push('event'));
  expect(server.address()).toBeNull();
  await once(server, 'listening');
  await new Promise(setImmediate);
  expect(order.sort()).toEqual(['callback', 'event']);
  expect(server.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
});

test("a busy port is an 'error' of the server, and close() works after it", async () => {
  const { port } = await serve();
  const second = new WebSocketServer({ port, host: '127.0.0.1' });
  const [error] = await once(second, 'error');
  expect(error).toMatchObject({ code: 'EADDRINUSE', port });
  const closed = once(second, 'close');
  second.close();
  await closed;
});

test("server: 'listening' and address() are those of the http server", async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  onTestFinished(() => shut(server));
  const listening = once(server, 'listening');
  const { port } = await listen(http);
  await listening;
  expect(server.address()).toMatchObject({ port });
});

test("server: a closed server's 'listening' is silent", async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on('listening', () => expect.unreachable('it was closed'));
  server.close();
  await listen(http);
});

test('noServer: handleUpgrade by hand; address() is a TypeError', async () => {
  const server = new WebSocketServer({ noServer: true });
  const { server: http, port } = await listen();
  http.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (webSocket, same) => {
      expect(same).toBe(request);
      server.emit('connection', webSocket, request);
    });
  });
  server.on('connection', (socket) => socket.send('by hand'));
  const client = await open(port);
  expect(await client.received(1)).toEqual([textLine('by hand')]);
  expect(() => server.address()).toThrow('there is no address with { noServer: true }');
  expect(server.clients.size).toBe(1);
  await shut(server);
});

test('handleUpgrade after an asynchronous authentication of one’s own, with a socket that was paused', async () => {
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  const { server: http, port } = await listen();
  http.on('upgrade', (request, socket, head) => {
    socket.pause();
    setImmediate(() => server.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(data))));
  });
  const client = request(port).send(text('early'));
  expect(await client.received(1)).toEqual([`message opcode=2 rsv=0 5:${Buffer.from('early').toString('hex')}`]);
});

test('handleUpgrade of a socket that was taken before is an error of the caller', async () => {
  const { server: http, port } = await listen();
  const first = new WebSocketServer({ server: http });
  const second = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(first));
  const thrown = new Promise((resolve) => {
    http.on('upgrade', (request, socket, head) => {
      try {
        second.handleUpgrade(request, socket, head, () => expect.unreachable('it was taken'));
      } catch (error) {
        resolve(error);
      }
    });
  });
  first.on('connection', (socket) => socket.send('first'));
  const client = await open(port);
  expect(String(await thrown)).toContain('handleUpgrade was called before with this socket');
  expect(await client.received(1)).toEqual([textLine('first')]);
});

test('handleUpgrade without what it needs is an error of the caller, and the socket is not taken', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  const handleUpgrade = (...args: unknown[]) => Reflect.apply(server.handleUpgrade, server, args);
  http.on('upgrade', (request, socket, head) => {
    const view = new DataView(new ArrayBuffer(8));
    for (const args of [
      ...[[], [request], [request, socket], [request, head, socket], [request, socket, head]],
      [request, socket, view, () => {}],
    ]) {
      expect(() => handleUpgrade(...args)).toThrow('handleUpgrade takes the request, socket and head');
    }
    server.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('taken'));
  });
  const client = await open(port);
  expect(await client.received(1)).toEqual([textLine('taken')]);
});

test('any duplex stream of the application will do as a socket', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ noServer: true });
  onTestFinished(() => shut(server));
  http.on('upgrade', (request, socket, head) => {
    const wrapped = Duplex.from({ readable: socket, writable: socket });
    server.handleUpgrade(request, wrapped, head, (ws) => ws.on('message', (data) => ws.send(data.toString())));
  });
  const client = await open(port);
  expect(await client.send(text('x')).received(1)).toEqual([textLine('x')]);
});

test("'headers': the lines of the response can be added to; the request comes along", async () => {
  const { server, port } = await serve();
  server.on('headers', (lines, { url }) => {
    expect(lines.slice(0, 3)).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
    ]);
    lines.splice(1, 0, 'Set-Cookie: a=1; Path=/');
    lines.push(`X-Path: ${url}`, 'Set-Cookie: b=2');
  });
  const client = await open(port, {}, 'GET /x HTTP/1.1');
  const { head } = await client.response();
  expect(head.split('\r\n').slice(-5, -2)).toEqual(['Set-Cookie: a=1; Path=/', 'X-Path: /x', 'Set-Cookie: b=2']);
});

test('clients: from the connection to its end, also while it closes', async () => {
  const { server, client, socket } = await serveOne();
  expect([...server.clients]).toEqual([socket]);
  socket.close();
  expect(server.clients.has(socket)).toBe(true);
  client.send(close(1000));
  await client.end();
  if (server.clients.size > 0) await new Promise((resolve) => socket.on('close', resolve));
  expect(server.clients.size).toBe(0);
});

test('clients: an application that removes all listeners is not left with connections that have ended', async () => {
  const { server, port } = await serve();
  const connected = nextConnection(server);
  const client = await open(port);
  (await connected).removeAllListeners();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await client.send(close(1000)).end();
  await closed;
  expect(server.clients.size).toBe(0);
});

test('close: callbacks and the event wait for the last connection; a second callback as well; later ones get an error', async () => {
  const { server, port } = await serve();
  const order: string[] = [];
  server.on('connection', (socket) => socket.on('close', () => order.push('connection')));
  server.on('close', () => order.push('event'));
  const client = await open(port);
  const second = new Promise<void>((resolve) => {
    server.close((error) => order.push(`first ${error}`));
    server.close((error) => {
      order.push(`second ${error}`);
      resolve();
    });
  });
  await client.send(text('x'), { opcode: 9 }).received(1);
  expect(order).toEqual([]);
  client.send(close());
  await client.end();
  await second;
  expect(order).toEqual(['connection', 'event', 'first undefined', 'second undefined']);
  const error = await new Promise((resolve) => server.close(resolve));
  expect(String(error)).toBe('Error: the server is closed already');
});

test('close: waits also for a client that was refused, and has not ended its half', async () => {
  const { server, port } = await serve({ closeTimeout: 60_000 });
  const client = await open(port);
  const refused = request(port, { 'Sec-WebSocket-Version': '8' });
  await refused.until(() => refused.ended);
  const [socket] = server.clients;
  let isClosed = false;
  const closed = server.close().then(() => {
    isClosed = true;
  });
  const gone = once(socket!, 'close');
  client.send(close(1000));
  await Promise.all([client.end(), gone]);
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  refused.socket.end();
  await closed;
});

test("close in a listener of the server's 'close': it is closed already, and nobody waits for ever", async () => {
  const { server } = await serve();
  const told = new Promise<unknown>((resolve) => {
    server.on('close', () => server.close((error) => server.close().then(() => resolve(error))));
  });
  server.close();
  expect(String(await told)).toBe('Error: the server is closed already');
});

test('close: new clients are refused: no port any more, or a 503 by hand', async () => {
  const { server, port } = await serve();
  const closed = once(server, 'close');
  server.close();
  await closed;
  const [error] = await once(connect(port, '127.0.0.1'), 'error');
  expect(error.code).toBe('ECONNREFUSED');
  const { server: http, port: second } = await listen();
  http.on('upgrade', (request, socket, head) =>
    server.handleUpgrade(request, socket, head, () => expect.unreachable('it is closed')),
  );
  const client = request(second);
  expect((await client.response()).status).toBe(503);
  await client.end();
});

test("a 'connection' listener may close the server at once", async () => {
  const { server, port } = await serve();
  server.on('connection', (socket) => {
    server.close();
    socket.close(1001);
  });
  const client = await open(port);
  expect(await client.received(1)).toEqual(['close 1001 ""']);
  const closed = once(server, 'close');
  client.send(close(1001));
  await client.end();
  await closed;
});

test('options: a copy, of those of a class as well; four may be set later, and any other is an error', async () => {
  class Options {
    readonly noServer = true;
    readonly path = '/x';
    readonly maxPayload = 5;
    get allowedOrigins() {
      return ['https://example.com'];
    }
    verifyClient() {
      return false;
    }
  }
  const given = new Options();
  const { options } = new WebSocketServer(given);
  expect(options).toMatchObject({ noServer: true, path: '/x', maxPayload: 5, allowedOrigins: ['https://example.com'] });
  expect(options.verifyClient).toBe(given.verifyClient);
  options.path = '/y';
  options.maxPayload = 6;
  expect([given.path, given.maxPayload]).toEqual(['/x', 5]);
  const settable = options as unknown as Record<string, unknown>;
  // Also where assignments that fail are silent, as in CommonJS.
  const sloppy = new Function('options', 'name', 'value', 'options[name] = value');
  for (const [name, value] of Object.entries({ maxConnections: 1, perMessageDeflate: true, port: 0 })) {
    expect(() => sloppy(settable, name, value)).toThrow(`${name} is for the constructor`);
  }
  expect(() => sloppy(settable, 'maxPayload', '5')).toThrow('maxPayload must be a number, got string');
  // Nor false, by which everybody would be let in.
  for (const value of [5, false, '']) {
    expect(() => sloppy(settable, 'verifyClient', value)).toThrow('verifyClient must be a function');
  }
  expect([options.maxPayload, options.verifyClient]).toEqual([6, given.verifyClient]);
  // What holds anyway, and what is no option of this server.
  for (const [name, value] of Object.entries({ noServer: true, port: undefined, clientTracking: false })) {
    sloppy(settable, name, value);
  }
});

test('options of a class keep a server as closed as they say', async () => {
  class Options {
    allowedOrigins = ['https://example.com'];
    verifyClient({ origin }: { readonly origin: string | undefined }) {
      return origin !== undefined && this.allowedOrigins.includes(origin);
    }
  }
  const server = new WebSocketServer(Object.assign(Object.create(new Options()), { port: 0, host: '127.0.0.1' }));
  onTestFinished(() => shut(server));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const statusOf = async (fields: Fields) => (await request(port, fields).response()).status;
  expect(await statusOf({})).toBe(401);
  expect(await statusOf({ Origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf({ Origin: 'https://example.com' })).toBe(101);
});

test('options that are null where ws has null are not given', async () => {
  const none = {
    backlog: null,
    handleProtocols: false,
    host: null,

    path: '',

    server: null,
    verifyClient: null,
  };
  const server = new WebSocketServer({ ...none, port: 0 } as never);
  await once(server, 'listening');
  await server.close();
  expect(() => new WebSocketServer({ ...none, port: null } as never)).toThrow('exactly one of the options port');
});

test('handleProtocols, path and verifyClient are asked for at each handshake: graphql-ws sets the first later', async () => {
  const { server, port } = await serve();
  const fields = { 'Sec-WebSocket-Protocol': 'a, b' };
  const answer = async (startLine?: string) => {
    const { status, fields: answered } = await request(port, fields, startLine).response();
    return [status, answered.get('sec-websocket-protocol')];
  };
  expect(await answer()).toEqual([101, undefined]);
  server.options.handleProtocols = (protocols) => [...protocols][1]!;
  expect(await answer()).toEqual([101, 'b']);
  server.options.path = '/only';
  expect(await answer()).toEqual([404, undefined]);
  server.options.verifyClient = () => false;
  expect(await answer('GET /only HTTP/1.1')).toEqual([401, undefined]);
  server.options.verifyClient = null as never;
  server.options.path = '';
  server.options.handleProtocols = false as never;
  expect(await answer()).toEqual([101, undefined]);
});

test('maxPayload set later holds for the connections that come then', async () => {
  const { server, port } = await serve();
  const before = await open(port);
  server.options.maxPayload = 10;
  const after = await open(port);
  const long = text('x'.repeat(11));
  expect(await after.send(long).received(1)).toEqual([expect.stringMatching(/^close 1009/)]);
  expect(await before.send(long, { opcode: 9 }).received(1)).toEqual(['pong 0:']);
});

test('however often an option is set, there is one heartbeat and one pool of zlib: those of the constructor', async () => {
  const join = vi.spyOn(Heartbeat.prototype, 'join');
  onTestFinished(() => join.mockRestore());
  let reads = 0;
  const perMessageDeflate = {
    get concurrencyLimit() {
      reads++;
      return 2;
    },
  };
  const { server, port } = await serve({ perMessageDeflate });
  const readOnce = reads;
  for (const maxPayload of [10, 20, 30]) {
    server.options.maxPayload = maxPayload;
    server.options.path = `/${maxPayload}`;
    await open(port, {}, `GET /${maxPayload} HTTP/1.1`);
  }
  expect(new Set(join.mock.contexts).size).toBe(1);
  expect(join).toHaveBeenCalledTimes(3);
  expect(reads).toBe(readOnce);
});

test('an option that is set to what it cannot be throws, and changes nothing for the connections that come', async () => {
  const { server, port } = await serve({ maxPayload: 10, subprotocols: ['a'] });
  const { options } = server;
  const set = (wrong: Partial<typeof options>) => () => Object.assign(options, wrong);
  expect(set({ maxPayload: -1 })).toThrow('maxPayload must be an integer from 0');
  expect(set({ path: 'x' })).toThrow('path must be a string that starts with "/"');
  expect(set({ handleProtocols: () => 'b' })).toThrow('either subprotocols or handleProtocols');
  expect([options.maxPayload, options.path, options.handleProtocols]).toEqual([10, undefined, undefined]);
  const client = await open(port, { 'Sec-WebSocket-Protocol': 'b, a' });
  expect((await client.response()).fields.get('sec-websocket-protocol')).toBe('a');
  expect(await client.send(text('x'.repeat(11))).received(1)).toEqual([expect.stringMatching(/^close 1009/)]);
});

test('handleUpgrade with a request that was made up, as of a socket that another process has handed over: method, url and headers are enough', async () => {
  const server = new WebSocketServer({ noServer: true });
  const [one, other] = duplexPair();
  const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': 13 };
  const made = {
    method: 'GET',
    url: '/',
    headers: { ...headers, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
  };
  const socket = await new Promise<WebSocket>((resolve) =>
    server.handleUpgrade(made as never, one, Buffer.alloc(0), resolve),
  );
  expect(socket.remoteAddress).toBeUndefined();
  const [head] = await once(other, 'data');
  expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
  socket.terminate();
});

test('a WebSocket cannot be made by hand: this package is a server', () => {
  expect(() => new WebSocket('ws://127.0.0.1' as never)).toThrow('this package is a server');
});

test('the client of ws connects, with headers, a subprotocol and without complaint', async () => {
  const { server, port } = await serve({ subprotocols: ['chat'] });
  server.on('connection', (socket, { headers }) => socket.send(`${headers['x-a']} ${socket.protocol}`));
  const client = new WsClient(`ws://127.0.0.1:${port}`, ['log', 'chat'], { headers: { 'X-A': 'b' } });
  const [data] = await once(client, 'message');
  expect([String(data), client.protocol, client.extensions]).toEqual(['b chat', 'chat', 'permessage-deflate']);
  client.close();
  await once(client, 'close');
});

test('close does not wait for clients that have not sent a whole request', async () => {
  const { server, port } = await serve();
  const silent = new RawClient(port);
  const slow = new RawClient(port).write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  // Both were accepted before this one.
  await open(port);
  await shut(server);
  await Promise.all([silent.end(), slow.end()]);
});
