import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import { createServer as createTlsServer, get as getOverTls } from 'node:https';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsSocketServer } from 'node:tls';
import { certificate } from '@ws/runtimes/certificate';
import { rawFrame } from '@ws/testkit';
import { expect, onTestFinished, test } from 'vitest';
import type { DiagnosticsMessages } from '../src/index.ts';
import { rawProxyHeader } from '../src/proxy/proxy-header.suite.ts';
import { WebSocketServer } from '../src/server.ts';
import type { WebSocket } from '../src/websocket.ts';
import { run } from './child.suite.ts';
import { folder } from './program.suite.ts';
import { close, RawClient, text, textLine, upgradeRequest } from './raw-client.suite.ts';
import { listen, nextConnection, type ServeOptions, serve, shut } from './serve.suite.ts';

const BEHIND: ServeOptions = { trustProxy: ['127.0.0.1'], proxyProtocol: true };
const CLIENT = '192.0.2.7';
const greet = (socket: WebSocket) => {
  socket.send(String(socket.remoteAddress));
  socket.on('message', (data) => socket.send(String(data)));
};

/** What is told of ended connections until the test ends. */
function refusals(): DiagnosticsMessages['ws:connection.refused'][] {
  const told: DiagnosticsMessages['ws:connection.refused'][] = [];
  const listener = (message: unknown) => told.push(message as DiagnosticsMessages['ws:connection.refused']);
  subscribe('ws:connection.refused', listener);
  onTestFinished(() => void unsubscribe('ws:connection.refused', listener));
  return told;
}

/** Sees that a client was let in, and as whom. */
async function isGreeted(client: RawClient, as: string): Promise<void> {
  expect((await client.response()).status).toBe(101);
  expect(await client.send(text('hello')).received(2)).toEqual([textLine(as), textLine('hello')]);
}

test('the header names the client: on the WebSocket and to verifyClient; X-Forwarded-For is then not the proxy’s', async () => {
  const told: (string | undefined)[] = [];
  const verifyClient = ({ remoteAddress }: { remoteAddress: string | undefined }) => told.push(remoteAddress) > 0;
  for (const trustProxy of [1, ['127.0.0.0/8']] as const) {
    const { port } = await serve({ proxyProtocol: true, trustProxy, verifyClient }, greet);
    for (const source of [CLIENT, '2001:db8::7']) {
      const client = new RawClient(port).write(rawProxyHeader({ source, extras: [[2, Buffer.from('example.com')]] }));
      client.write(upgradeRequest({ 'X-Forwarded-For': '6.6.6.6' }));
      await isGreeted(client, source);
      expect(told.pop()).toBe(source);
    }
  }
});

test('a second proxy in front of the one that writes the header: its X-Forwarded-For is believed', async () => {
  for (const trustProxy of [2, ['127.0.0.1', CLIENT]] as const) {
    const { port } = await serve({ proxyProtocol: true, trustProxy }, greet);
    const client = new RawClient(port).write(rawProxyHeader({ source: CLIENT }));
    await isGreeted(client.write(upgradeRequest({ 'X-Forwarded-For': '6.6.6.6, 198.51.100.3' })), '198.51.100.3');
  }
});

test('where the header names nobody, the proxy stands for the client: what a client could have written is not believed', async () => {
  const { port } = await serve(BEHIND, greet);
  for (const header of [{}, { command: 0 }, { family: 0x31, extras: [[0, Buffer.alloc(213)]] as const }]) {
    const client = new RawClient(port).write(rawProxyHeader(header));
    await isGreeted(client.write(upgradeRequest({ 'X-Forwarded-For': '6.6.6.6' })), '127.0.0.1');
  }
});

/** Waits until the server has ended a client, however. */
async function ended(client: RawClient): Promise<void> {
  await client.until(() => client.ended).catch(() => {});
  client.socket.end();
  await client.gone();
}

/** Writes bytes in two pieces, each of which is read by itself; the cut is anywhere. */
async function inPieces(socket: Socket, bytes: Buffer, cut: number): Promise<void> {
  socket.write(bytes.subarray(0, cut));
  // Some turns, in which the other end, in this process, reads.
  for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
  socket.write(bytes.subarray(cut));
}

test('wherever header, request and first frame are cut, all of it arrives', async () => {
  const { port } = await serve(BEHIND, greet);
  const bytes = Buffer.concat([rawProxyHeader({ source: CLIENT }), Buffer.from(upgradeRequest())]);
  for (let cut = 0; cut <= bytes.length; cut += cut < 40 ? 1 : 13) {
    const client = new RawClient(port);
    await inPieces(client.socket, bytes, cut);
    await isGreeted(client, CLIENT);
  }
  const bytewise = new RawClient(port);
  for (const byte of bytes) {
    bytewise.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  await isGreeted(bytewise, CLIENT);
});

test('over TLS, the header stands before it: wherever the first bytes are cut; clients are told apart', async () => {
  const pem = certificate();
  const https = createTlsServer({ cert: pem.cert, key: pem.key });
  https.on('request', (_request, response) => response.end('page'));
  const server = new WebSocketServer({ ...BEHIND, server: https });
  server.on('connection', greet);
  onTestFinished(() => shut(server));
  const { port } = await listen(https);
  for (const cut of [0, 1, 15, 16, 17, 27, 28]) {
    const source = `192.0.2.${cut}`;
    const tcp = connectTcp(port, '127.0.0.1');
    onTestFinished(() => void tcp.destroy());
    // The start of TLS comes with the rest of the header, or behind it.
    await inPieces(tcp, rawProxyHeader({ source }), cut);
    const tls = connectTls({ socket: tcp, ca: pem.cert, servername: 'localhost' });
    tls.write(upgradeRequest());
    let got = '';
    for await (const chunk of tls) if ((got += chunk).endsWith(source)) break;
    expect(got).toMatch(/^HTTP\/1\.1 101 /);
  }
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.write(rawProxyHeader({ source: CLIENT }));
  const createConnection = () => connectTls({ socket: tcp, ca: pem.cert, servername: 'localhost' });
  const [response] = await once(getOverTls({ port, createConnection }), 'response');
  expect((await response.toArray()).join('')).toBe('page');
});

test('over TLS, a connection from the port of one that was reset, and was not read, is not taken for it', async () => {
  // An address that no other test connects from: its ports are free when they are asked for again.
  const proxy = '127.0.0.77';
  const pem = certificate();
  const https = createTlsServer({ cert: pem.cert, key: pem.key });
  const server = new WebSocketServer({ ...BEHIND, trustProxy: [proxy], server: https });
  onTestFinished(() => shut(server));
  const { port } = await listen(https);
  const connect = (source: string | undefined, localPort = 0) => {
    const tcp = connectTcp({ port, host: '127.0.0.1', localAddress: proxy, localPort });
    onTestFinished(() => void tcp.destroy());
    tcp.on('error', () => {}).write(rawProxyHeader(source === undefined ? { command: 0 } : { source }));
    const tls = connectTls({ socket: tcp, ca: pem.cert, servername: 'localhost' }).on('error', () => {});
    return { tcp, tls };
  };
  /** A client that was let in, whose bytes wait until the server does not read any more. */
  const unread = async (source: string, localPort?: number) => {
    const upgraded = once(server, 'connection');
    const { tcp, tls } = connect(source, localPort);
    tls.write(upgradeRequest());
    const [socket, { socket: carrier }] = await upgraded;
    expect(socket.remoteAddress).toBe(source);
    const gone = once(socket, 'close');
    socket.pause();
    for (let i = 0; i < 64; i++) tls.write(rawFrame({ opcode: 2, payload: Buffer.alloc(16_384), maskingKey: 1 }));
    // Over 'data' events, Node reads until its own buffer is full.
    if (!('useUserBuffer' in (carrier as unknown as { _handle: object })._handle)) {
      while (carrier.readableLength < carrier.readableHighWaterMark) await new Promise(setImmediate);
    }
    const from = tcp.localPort;
    tcp.resetAndDestroy();
    if (!tcp.closed) await once(tcp, 'close');
    return { socket, gone, from };
  };

  const first = await unread(CLIENT);
  // The proxy asks for itself, and somebody else comes through it.
  const connected = nextConnection(server);
  const check = connect(undefined, first.from);
  check.tls.write(upgradeRequest());
  expect((await connected).remoteAddress).toBe(proxy);

  const second = await unread(CLIENT);
  const other = connect('192.0.2.8', second.from);
  await once(other.tls, 'secureConnect');
  second.socket.terminate();
  await second.gone;
  const otherConnected = nextConnection(server);
  other.tls.write(upgradeRequest());
  expect((await otherConnected).remoteAddress).toBe('192.0.2.8');
});

test('plain requests of the http server come behind the header as well, on a connection that is kept', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ ...BEHIND, server: http, path: '/chat' });
  server.on('connection', greet);
  onTestFinished(() => shut(server));
  const connections: Socket[] = [];
  http.on('connection', (socket) => connections.push(socket));
  http.on('request', (request, response) => request.pipe(response));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const tcp = connectTcp(port, '127.0.0.1');
  tcp.write(rawProxyHeader({ source: CLIENT }));
  agent.createConnection = () => tcp;
  for (let i = 0; i < 3; i++) {
    const [response] = await once(get({ port, agent }), 'response');
    expect(response.statusCode).toBe(200);
    await response.toArray();
  }
  expect(connections).toHaveLength(1);
  const client = new RawClient(port).write(rawProxyHeader({ source: CLIENT }));
  await isGreeted(client.write(upgradeRequest({}, 'GET /chat HTTP/1.1')), CLIENT);
});

const wrong: [string, Buffer | string, string, RegExp][] = [
  ['no header', upgradeRequest(), 'no-header', /send-proxy-v2/],
  [
    'version 1',
    `PROXY TCP4 ${CLIENT} 192.0.2.1 1 2\r\n${upgradeRequest()}`,
    'no-header',
    /version 1 is not understood/,
  ],
  ['version 3', rawProxyHeader({ version: 3, source: CLIENT }), 'version-unsupported', /version 3/],
  ['another command', rawProxyHeader({ command: 2, source: CLIENT }), 'command-unknown', /command 2/],
  ['another family', rawProxyHeader({ family: 0x41, source: CLIENT }), 'family-unknown', /0x41/],
  ['too few bytes', rawProxyHeader({ family: 0x21, source: CLIENT }), 'header-too-short', /12 bytes.*at least 36/],
  ['64 KiB of extras', rawProxyHeader({ source: CLIENT, declaredLength: 65_535 }), 'header-too-long', /65551 bytes/],
];

for (const [name, bytes, reason, message] of wrong) {
  test(`${name}: the connection is ended unanswered, whoever watches is told, and the others go on`, async () => {
    const told = refusals();
    const { server, port } = await serve(BEHIND, greet);
    const other = new RawClient(port).write(rawProxyHeader({ source: CLIENT })).write(upgradeRequest());
    await isGreeted(other, CLIENT);
    const client = new RawClient(port).write(bytes);
    await ended(client);
    expect(client.length).toBe(0);
    expect(told).toEqual([{ server, remoteAddress: '127.0.0.1', error: expect.objectContaining({ reason }) }]);
    expect(told[0]!.error.message).toMatch(message);
    expect(server.metrics()).toContain(`ws_connections_refused_total{reason="${reason}"} 1\n`);
    await other.send({ opcode: 9 }).received(3);
  });
}

test('a connection from an address that is not trusted is ended, whatever it starts with', async () => {
  const told = refusals();
  const { port } = await serve({ proxyProtocol: true, trustProxy: ['10.0.0.0/8', '127.0.0.2'] }, greet);
  for (const start of [rawProxyHeader({ source: CLIENT }), '']) {
    const client = new RawClient(port).write(start).write(upgradeRequest());
    await ended(client);
    expect(client.length).toBe(0);
  }
  expect(told.map(({ error }) => [error.reason, error.message.slice(0, 9)])).toEqual([
    ['untrusted', '127.0.0.1'],
    ['untrusted', '127.0.0.1'],
  ]);
});

test('a header that does not come, or not to its end, is waited for no longer than handshakeTimeout', async () => {
  const told = refusals();
  const { port } = await serve({ ...BEHIND, handshakeTimeout: 30 });
  const header = rawProxyHeader({ source: CLIENT });
  for (const length of [0, 1, 16, header.length - 1]) {
    const client = new RawClient(port).write(header.subarray(0, length));
    await ended(client);
    expect(client.length).toBe(0);
  }
  expect(told.map(({ error }) => error.reason)).toEqual(Array(4).fill('header-timeout'));
});

test('who goes away inside the header leaves nothing; a look whether somebody listens is not told', async () => {
  const told = refusals();
  const { port } = await serve(BEHIND, greet);
  for (const start of ['', '\r\n\r\n', rawProxyHeader({ source: CLIENT }).subarray(0, 20)]) {
    const client = new RawClient(port).write(start);
    client.socket.end();
    await client.gone();
  }
  expect(told.map(({ error }) => error.reason)).toEqual(['header-incomplete', 'header-incomplete']);
  const reset = new RawClient(port).write('\r\n');
  await once(reset.socket, 'connect');
  reset.socket.resetAndDestroy();
  const client = new RawClient(port).write(rawProxyHeader({ source: CLIENT })).write(upgradeRequest());
  await isGreeted(client, CLIENT);
});

test('who is gone before it is looked at, as after the check of a proxy, is not told as untrusted', async () => {
  const told = refusals();
  const { port } = await serve(BEHIND, greet);
  // Nothing is accepted here meanwhile.
  const check = `const socket = require('net').connect(${port}, '127.0.0.1', () => socket.resetAndDestroy())`;
  execFileSync(process.execPath, ['-e', check]);
  await isGreeted(new RawClient(port).write(rawProxyHeader({ source: CLIENT })).write(upgradeRequest()), CLIENT);
  expect(told).toEqual([]);
});

test('server.close() while a header is waited for: it settles, the client is ended, and the process is free to end', async () => {
  const child = run(`
    import { WebSocketServer } from '@ws/node-server';
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', trustProxy: 1, proxyProtocol: true, handshakeTimeout: 60_000 });
    server.on('listening', () => console.log(server.address().port));
    process.once('message', () => server.close().then(() => console.log('closed')));
  `);
  const client = new RawClient(Number(await child.line())).write('\r\n\r\n');
  await once(client.socket, 'connect');
  child.process.send('close');
  await ended(client);
  expect(await child.line()).toBe('closed');
  expect([await child.exit, child.errors()]).toEqual([0, '']);
});

test('two servers of one http server: either lets its proxies in, and each believes only its own', async () => {
  const { server: http, port } = await listen();
  const [a, b] = [
    new WebSocketServer({ ...BEHIND, server: http, path: '/a' }),
    new WebSocketServer({ server: http, path: '/b', proxyProtocol: true, trustProxy: ['10.0.0.1'] }),
  ];
  for (const server of [a, b]) server.on('connection', greet);
  onTestFinished(() => shut(b));
  const connect = (path: string) =>
    new RawClient(port).write(rawProxyHeader({ source: CLIENT })).write(upgradeRequest({}, `GET ${path} HTTP/1.1`));
  await isGreeted(connect('/a'), CLIENT);
  await isGreeted(connect('/b'), '127.0.0.1');
  await shut(a);
  await ended(connect('/b'));
});

test('the http server goes on to read headers when the last of its WebSocket servers is closed: its proxy sends them', async () => {
  const { server: http, port } = await listen(createServer((_request, response) => response.end('page')));
  const server = new WebSocketServer({ ...BEHIND, server: http });
  await server.close();
  const client = new RawClient(port).write(rawProxyHeader({ source: CLIENT }));
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect((await client.response()).status).toBe(200);
  // The next one that joins decides again.
  const next = new WebSocketServer({ server: http, proxyProtocol: true, trustProxy: ['10.0.0.1'] });
  onTestFinished(() => shut(next));
  await ended(new RawClient(port).write(rawProxyHeader({ source: CLIENT })));
});

test('a connection whose header has not come goes on when the last WebSocket server of the http server is closed', async () => {
  const { server: http, port } = await listen(createServer((_request, response) => response.end('page')));
  const server = new WebSocketServer({ ...BEHIND, server: http });
  const header = rawProxyHeader({ source: CLIENT });
  const get = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const client = new RawClient(port).write(header.subarray(0, 20));
  // The one before it was accepted then.
  const other = new RawClient(port).write(header).write(get);
  expect((await other.response()).status).toBe(200);
  await server.close();
  client.write(header.subarray(20)).write(get);
  expect((await client.response()).status).toBe(200);
});

test('over a socket in the file system, a number of proxies is believed, and a list, which has no name for it, is not', async () => {
  const told = refusals();
  for (const [trustProxy, expected] of [
    [1, CLIENT],
    [['127.0.0.1'], undefined],
  ] as const) {
    const path = join(folder(), 'socket');
    const http = createServer().listen(path);
    const server = new WebSocketServer({ server: http, trustProxy, proxyProtocol: true });
    onTestFinished(() => void http.close());
    onTestFinished(() => shut(server));
    await once(http, 'listening');
    const connected = nextConnection(server);
    const client = connectTcp(path).on('error', () => {});
    onTestFinished(() => void client.destroy());
    client.write(Buffer.concat([rawProxyHeader({ source: CLIENT }), Buffer.from(upgradeRequest())]));
    if (expected === undefined) await new Promise((resolve) => client.resume().on('close', resolve));
    else expect((await connected).remoteAddress).toBe(expected);
  }
  expect(told.map(({ error }) => [error.reason, error.message])).toEqual([
    [
      'untrusted',
      'a connection without an address (a unix domain socket) is none of the proxies of a list: give trustProxy a number',
    ],
  ]);
});

/** An https server in which a gate of the PROXY protocol stands, on a socket in the file system. */
async function overTlsInFiles(options: ServeOptions) {
  const pem = certificate();
  const https = createTlsServer({ cert: pem.cert, key: pem.key });
  const path = join(folder(), 'socket');
  const server = new WebSocketServer({ ...options, proxyProtocol: true, server: https.listen(path) });
  onTestFinished(() => void https.close());
  onTestFinished(() => shut(server));
  await once(https, 'listening');
  const connect = (source: string) => {
    const carrier = connectTcp(path);
    onTestFinished(() => void carrier.destroy());
    carrier.on('error', () => {}).write(rawProxyHeader({ source }));
    return connectTls({ socket: carrier, ca: pem.cert, servername: 'localhost' }).on('error', () => {});
  };
  return { https, server, connect };
}

test('over TLS on a socket in the file system, where no connection has an address, clients are told apart', async () => {
  for (const [trustProxy, header, addresses] of [
    [1, '6.6.6.6', ['192.0.2.1', '192.0.2.2']],
    [2, '6.6.6.6, 198.51.100.3', ['198.51.100.3', '198.51.100.3']],
  ] as const) {
    const { server, connect } = await overTlsInFiles({ trustProxy });
    const clients = ['192.0.2.1', '192.0.2.2'].map(connect);
    await Promise.all(clients.map((client) => once(client, 'secureConnect')));
    const found: (string | undefined)[] = [];
    for (const client of clients) {
      const connected = nextConnection(server);
      client.write(upgradeRequest({ 'X-Forwarded-For': header }));
      found.push((await connected).remoteAddress);
    }
    expect(found).toEqual(addresses);
  }
});

test('over TLS, where the runtime does not tell which socket the header was read from, nobody is let in, and it is told', async () => {
  const told = refusals();
  const { https, server, connect } = await overTlsInFiles({ trustProxy: 1 });
  const { emit } = https;
  https.emit = (event: string, ...args: never[]) => {
    if (event === 'secureConnection') Object.assign(args[0]!, { _parent: null });
    return Reflect.apply(emit, https, [event, ...args]);
  };
  server.on('connection', () => expect.unreachable('nobody knows whose it is'));
  const client = connect(CLIENT);
  client.write(upgradeRequest());
  await new Promise((resolve) => client.resume().on('close', resolve));
  expect(told.map(({ error }) => error.reason)).toEqual(['no-header']);
});

test('a TLSSocket that the application gives its http server: the header inside of TLS names the client', async () => {
  const { cert, key } = certificate();
  const http = createServer();
  const server = new WebSocketServer({ server: http, trustProxy: 1, proxyProtocol: true });
  server.on('connection', greet);
  onTestFinished(() => shut(server));
  const outer = createTlsSocketServer({ cert, key }, (tls) => http.emit('connection', tls)).listen(0, '127.0.0.1');
  onTestFinished(() => void outer.close());
  await once(outer, 'listening');
  const client = connectTls({ port: (outer.address() as AddressInfo).port, ca: cert, servername: 'localhost' });
  client.write(rawProxyHeader({ source: CLIENT }));
  client.write(upgradeRequest());
  let got = '';
  for await (const chunk of client) if ((got += chunk).endsWith(CLIENT)) break;
  expect(got).toMatch(/^HTTP\/1\.1 101 /);
});

test('messages and the close go both ways as ever behind the header', async () => {
  const { server, port } = await serve(BEHIND);
  const connected = nextConnection(server);
  const client = new RawClient(port).write(rawProxyHeader({ source: CLIENT })).write(upgradeRequest());
  const socket = await connected;
  const lengths: number[] = [];
  socket.on('message', (data) => lengths.push(data.length));
  for (const size of [0, 126, 65_536, 1_000_000]) client.send({ opcode: 2, payload: Buffer.alloc(size) });
  client.send(close(1000));
  await client.end();
  expect(lengths).toEqual([0, 126, 65_536, 1_000_000]);
  expect(client.transcript()).toEqual(['close 1000 ""']);
});

test('M8: proxyProtocol of the wrong kind, without trustProxy, or without an http server, is said when the server is made', () => {
  const cases: [object, string][] = [
    [{ port: 0, trustProxy: 1, proxyProtocol: 'v2' }, 'proxyProtocol must be a boolean, got string'],
    [{ port: 0, proxyProtocol: true }, 'proxyProtocol needs trustProxy'],
    [{ port: 0, trustProxy: false, proxyProtocol: true }, 'proxyProtocol needs trustProxy'],
    [{ port: 0, trustProxy: 0, proxyProtocol: true }, 'proxyProtocol needs trustProxy'],
    [{ noServer: true, trustProxy: 1, proxyProtocol: true }, 'proxyProtocol needs port or server'],
  ];
  for (const [options, message] of cases) expect(() => new WebSocketServer(options)).toThrow(message);
});

test('without the option, an http server is left as it is', () => {
  const http = createServer();
  new WebSocketServer({ server: http, trustProxy: 1, proxyProtocol: false });
  expect(Object.hasOwn(http, 'emit')).toBe(false);
});
