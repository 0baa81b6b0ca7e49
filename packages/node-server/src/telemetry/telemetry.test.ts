import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { close, open, RawClient, request, upgradeRequest } from '../../test/raw-client.suite.ts';
import { ended, listen, nextConnection, serve, serveOne, shut } from '../../test/serve.suite.ts';
import type { DiagnosticsMessages } from '../index.ts';
import { rawProxyHeader } from '../proxy/proxy-header.suite.ts';
import { WebSocketServer } from '../server.ts';

type Name = keyof DiagnosticsMessages;

const CHANNELS = Object.keys({
  'ws:connection.refused': true,
  'ws:handshake.accepted': true,
  'ws:handshake.refused': true,
  'ws:open': true,
  'ws:close': true,
  'ws:violation': true,
  'ws:backpressure': true,
} satisfies Record<Name, true>);

/** What is published on a channel until the test ends, of one server. */
function published<K extends Name>(name: K): DiagnosticsMessages[K][] {
  const messages: DiagnosticsMessages[K][] = [];
  const listener = (message: unknown) => void messages.push(message as DiagnosticsMessages[K]);
  subscribe(name, listener);
  onTestFinished(() => void unsubscribe(name, listener));
  return messages;
}

/** The value of a line of metrics. */
const value = (server: WebSocketServer, line: string) =>
  server
    .metrics()
    .split('\n')
    .find((one) => one.startsWith(`${line} `))
    ?.slice(line.length + 1);

test('diagnostics: a handshake, open, and a clean close', async () => {
  const [accepted, opened, closed, violations] = [
    published('ws:handshake.accepted'),
    published('ws:open'),
    published('ws:close'),
    published('ws:violation'),
  ];
  const { server, port } = await serve();
  const left: number[] = [];
  const count = () => void left.push(server.clients.size);
  subscribe('ws:close', count);
  onTestFinished(() => void unsubscribe('ws:close', count));
  const connected = nextConnection(server);
  const client = await open(port, {}, 'GET /chat HTTP/1.1');
  const socket = await connected;
  const end = ended(socket);
  client.send(close(4000, 'bye'));
  await Promise.all([client.end(), end]);
  expect(accepted).toHaveLength(1);
  expect(accepted[0]!.request.url).toBe('/chat');
  expect(accepted[0]!.server).toBe(server);
  expect(opened.map((message) => [message.socket, message.request.url])).toEqual([[socket, '/chat']]);
  expect(closed).toEqual([{ server, socket, code: 4000, reason: 'bye', cause: undefined }]);
  // As with 'close', it is none of the clients any more.
  expect(left).toEqual([0]);
  expect(violations).toEqual([]);
});

test('diagnostics: a violation has its name and offset, and the close its cause', async () => {
  const [closed, violations] = [published('ws:close'), published('ws:violation')];
  const { server, client, socket } = await serveOne();
  const end = ended(socket);
  client.send({ opcode: 9 }, { opcode: 3 });
  await Promise.all([client.end(), end]);
  expect(violations).toEqual([{ server, socket, violation: 'reserved-opcode', offset: 6, closeCode: 1002 }]);
  expect(closed.map(({ code, cause }) => [code, cause])).toEqual([[1006, socket.cause]]);
  expect(value(server, 'ws_violations_total{violation="reserved-opcode"}')).toBe('1');
});

test('diagnostics: every client that is refused, with the reason', async () => {
  const refused = published('ws:handshake.refused');
  const { port } = await serve({ allowedOrigins: ['https://example.com'], verifyClient: () => false, path: '/chat' });
  const { server: http, port: shared } = await listen(createServer());
  const server = new WebSocketServer({ server: http, path: '/chat' });
  onTestFinished(() => shut(server));
  for (const [at, fields, line] of [
    [port, { Origin: 'https://evil.example' }, 'GET /chat HTTP/1.1'],
    [port, { 'Sec-WebSocket-Version': '8' }, 'GET /chat HTTP/1.1'],
    [port, {}, 'GET /chat HTTP/1.1'],
    [shared, {}, 'GET /other HTTP/1.1'],
  ] as const) {
    const client = request(at, fields, line);
    await client.response();
    await client.end();
  }
  expect(refused.map(({ error }) => [error.status, error.reason])).toEqual([
    [403, 'origin-forbidden'],
    [426, 'version-unsupported'],
    [401, 'refused'],
    [404, 'refused'],
  ]);
  expect(refused[0]!.error.message).toContain('https://evil.example');
  expect(refused[3]!.server).toBe(server);
  expect(value(server, 'ws_handshakes_refused_total{status="404",reason="refused"}')).toBe('1');
});

test('diagnostics: a handshake whose Upgrade a proxy has removed is one that was refused, and a plain request is none', async () => {
  const refused = published('ws:handshake.refused');
  const { server, port } = await serve({ trustProxy: 1 });
  const plain = { Upgrade: undefined, Connection: undefined, 'X-Forwarded-For': '192.0.2.7' };
  for (const fields of [plain, { ...plain, 'Sec-WebSocket-Key': undefined, 'Sec-WebSocket-Version': undefined }]) {
    const client = request(port, fields);
    expect((await client.response()).status).toBe(426);
    await client.end();
  }
  expect(refused.map(({ error, remoteAddress }) => [error.status, error.reason, remoteAddress])).toEqual([
    [426, 'upgrade-missing', '192.0.2.7'],
  ]);
  expect(refused[0]!.error.message).toContain('a proxy in front has removed them');
  // Many in one packet are one connection that is refused, by one answer.
  const many = upgradeRequest(plain).repeat(20);
  const client = new RawClient(port).write(many);
  await client.until(() => client.ended);
  expect(refused).toHaveLength(2);
  expect(value(server, 'ws_handshakes_refused_total{status="426",reason="upgrade-missing"}')).toBe('2');
});

test('diagnostics: who is refused behind a proxy is named by the address that the proxy tells', async () => {
  const refused = published('ws:handshake.refused');
  for (const [trustProxy, address] of [
    [1, '192.0.2.7'],
    [false, '127.0.0.1'],
  ] as const) {
    const { port } = await serve({ allowedOrigins: ['https://example.com'], trustProxy });
    const client = request(port, { Origin: 'https://evil.example', 'X-Forwarded-For': '10.0.0.1, 192.0.2.7' });
    await client.response();
    await client.end();
    expect(refused.at(-1)!.remoteAddress).toBe(address);
  }
});

test('diagnostics: backpressure, once until it has drained', async () => {
  const behind = published('ws:backpressure');
  const { server, client, socket } = await serveOne({ overflow: 'drop', maxBufferedAmount: 4 * 1024 * 1024 });
  for (let round = 1; round <= 2; round++) {
    client.socket.pause();
    for (let i = 0; i < 20; i++) socket.send(Buffer.alloc(1024 * 1024));
    expect(behind).toHaveLength(round);
    const drained = once(socket, 'drain');
    client.socket.resume();
    await drained;
  }
  expect(behind[0]).toMatchObject({ server, socket });
  expect(behind[0]!.bufferedAmount).toBeGreaterThan(0);
  expect(value(server, 'ws_backpressure_total')).toBe('2');
  expect(Number(value(server, 'ws_overflows_total{policy="drop"}'))).toBeGreaterThan(0);
});

/** What is published, until the test ends, on channels that nobody has subscribed to: Node itself drops it. */
function publishedForNobody(): string[] {
  const names: string[] = [];
  for (const name of CHANNELS) {
    expect(channel(name).hasSubscribers, name).toBe(false);
    const publish = vi.spyOn(channel(name), 'publish').mockImplementation(() => void names.push(name));
    onTestFinished(() => publish.mockRestore());
  }
  return names;
}

test('diagnostics: with nobody subscribed, nothing is published, whatever happens', async () => {
  const names = publishedForNobody();
  const { server, port } = await serve({ proxyProtocol: true, trustProxy: 1 });
  const proxied = () => new RawClient(port).write(rawProxyHeader());
  const headless = new RawClient(port).write(upgradeRequest());
  await headless.until(() => headless.ended || headless.closed !== 'no');
  const refused = proxied().write(upgradeRequest({ 'Sec-WebSocket-Version': '8' }));
  await refused.response();
  await refused.end();
  const connected = nextConnection(server);
  const client = proxied().write(upgradeRequest());
  await client.response();
  const socket = await connected;
  const end = ended(socket);
  client.socket.pause();
  for (let i = 0; i < 20; i++) socket.send(Buffer.alloc(1024 * 1024));
  const drained = once(socket, 'drain');
  client.socket.resume();
  await drained;
  client.send({ opcode: 3 });
  await Promise.all([client.end(), end]);
  // All of it has happened.
  for (const line of [
    'ws_connections_refused_total{reason="no-header"}',
    'ws_handshakes_refused_total{status="426",reason="version-unsupported"}',
    'ws_handshakes_accepted_total',
    'ws_backpressure_total',
    'ws_violations_total{violation="reserved-opcode"}',
    'ws_closed_total{code="1006"}',
  ]) {
    expect(value(server, line), line).toBe('1');
  }
  expect(names).toEqual([]);
});

test('diagnostics: a refused client is looked for behind its proxies only if somebody has subscribed', async () => {
  const { server: http, port } = await listen();
  const server = new WebSocketServer({ noServer: true, trustProxy: 1 });
  onTestFinished(() => shut(server));
  let asked = 0;
  http.on('upgrade', (upgrade, socket, head) => {
    const get = () => {
      asked++;
      return '192.0.2.7';
    };
    Object.defineProperty(upgrade.headers, 'x-forwarded-for', { get });
    server.handleUpgrade(upgrade, socket, head, () => expect.unreachable('it was to be refused'));
  });
  const refuse = async () => {
    const client = request(port, { 'Sec-WebSocket-Version': '8' });
    await client.response();
    await client.end();
  };
  await refuse();
  expect(asked).toBe(0);
  const refused = published('ws:handshake.refused');
  await refuse();
  expect(asked).toBe(1);
  expect(refused.map(({ remoteAddress }) => remoteAddress)).toEqual(['192.0.2.7']);
});

test('metrics: what is sent to a client that closes, or is gone, is no backpressure', async () => {
  const behind = published('ws:backpressure');
  const { server, client, socket } = await serveOne();
  const end = ended(socket);
  socket.close(1000);
  expect(socket.send('too late')).toBe(false);
  client.send(close(1000));
  await Promise.all([client.end(), end]);
  expect(socket.send('too late')).toBe(false);
  expect(behind).toEqual([]);
  expect(value(server, 'ws_backpressure_total')).toBe('0');
});

test('metrics: whatever codes clients choose, closes have few lines', async () => {
  const { server, port } = await serve();
  for (const code of [1000, 1014, 3000, 3999, 4000, 4001, 4999]) {
    const connected = nextConnection(server);
    const client = await open(port);
    const end = ended(await connected);
    client.send(close(code));
    await Promise.all([client.end(), end]);
  }
  const lines = server.metrics().match(/^ws_closed_total.*$/gm);
  expect(lines).toEqual(
    ['1000"} 1', '1014"} 1', '3xxx"} 2', '4xxx"} 3'].map((line) => `ws_closed_total{code="${line}`),
  );
});

test('metrics: in the text format of Prometheus, with the labels that are asked for', async () => {
  const { server, port } = await serve();
  expect(value(server, 'ws_connections')).toBe('0');
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  const end = ended(socket);
  expect([value(server, 'ws_connections'), value(server, 'ws_buffered_bytes')]).toEqual(['1', '0']);
  socket.send('abc');
  expect(value(server, 'ws_buffered_bytes')).toBe('5');
  client.send(close(1000));
  await Promise.all([client.end(), end]);
  const text = server.metrics({ server: 'a "b"\\\n' });
  expect(text).toContain('ws_closed_total{server="a \\"b\\"\\\\\\n",code="1000"} 1\n');
  expect(text).toContain('ws_connections{server="a \\"b\\"\\\\\\n"} 0\n');
  for (const line of server.metrics().trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) ws_\w+ .+|ws_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \d+)$/);
  }
  for (const labels of [{ 'a-b': 'x' }, { a: 1 as never }, { __a: 'x' }, { code: 'x' }, { reason: 'x' }])
    expect(() => server.metrics(labels)).toThrow(TypeError);
});
