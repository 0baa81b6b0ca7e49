import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import * as api from '../src/index.ts';
import { readOptions } from '../src/options.ts';
import { OPTIONS } from '../src/own-options.ts';
import { type Child, LISTEN, run } from './child.suite.ts';
import { close, open, request, text, textLine } from './raw-client.suite.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const COMING_FROM_WS = readFileSync(new URL('../docs/coming-from-ws.md', import.meta.url), 'utf8');

/** Runs the block under a heading, as it stands there. */
async function start(heading: string): Promise<{ child: Child; port: number }> {
  const [, section] = README.split(`\n## ${heading}\n`);
  const [, block] = /```js\n(.*?)```/s.exec(section!.split('\n## ')[0]!)!;
  // Nor does an example that is followed have Node warn of anything.
  const child = run(`process.on('warning', (warning) => { throw warning; });\n${LISTEN}\n${block}`);
  let line = await child.line();
  while (!/^\d+$/.test(line)) line = await child.line();
  return { child, port: Number(line) };
}

const own = { Origin: 'https://example.com' };

test('README: the server broadcasts, tells who comes and goes, and forbids other origins', async () => {
  const { child, port } = await start('A server');
  const first = await open(port, own);
  expect(await child.line()).toBe('127.0.0.1 has come');
  const second = await open(port);
  expect(await child.line()).toBe('127.0.0.1 has come');
  first.send(text('to all'));
  for (const client of [first, second]) expect(await client.received(1)).toEqual([textLine('to all')]);
  second.send(close(4000, 'bye'));
  expect(await child.line()).toBe('gone: 4000 ');
  first.send({ opcode: 3 });
  expect(await child.line()).toMatch(/^gone: 1006 +\S/);
  const other = request(port, { Origin: 'https://evil.example' });
  expect((await other.response()).status).toBe(403);
  await other.end();
});

test('README: for await answers, ends and throws', async () => {
  const { child, port } = await start('for await');
  const client = await open(port, own);
  client.send(text('shout'), { opcode: 2, payload: Buffer.alloc(3) });
  expect(await client.received(2)).toEqual([textLine('SHOUT'), textLine('3 bytes')]);
  client.send(close(1000));
  expect(await child.line()).toBe('closed');
  const lost = await open(port, own);
  lost.send({ opcode: 3 });
  expect(await child.line()).toMatch(/^lost: /);
});

test('README: authentication by a bearer token', async () => {
  const { port } = await start('Authentication');
  const client = await open(port, { Authorization: 'Bearer s3cret' });
  expect(await client.received(1)).toEqual([textLine('hello ada')]);
  for (const Authorization of [undefined, 'Bearer guess', 'Basic s3cret']) {
    const stranger = request(port, { Authorization });
    const { status, fields } = await stranger.response();
    expect([status, fields.get('www-authenticate')]).toEqual([401, 'Bearer']);
    await stranger.end();
  }
});

test('README: backpressure: all of it arrives at a slow reader', async () => {
  const { port } = await start('Backpressure');
  const client = await open(port, own);
  client.socket.pause();
  const other = await open(port, own);
  await other.until(() => other.length > 1_000_000);
  client.socket.resume();
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + 1000 * (10 + 65_536) + 4);
  expect(client.bytes.subarray(-4).toString('hex')).toBe('880203e8');
});

test('README: a broadcast reaches all but the sender, who is thanked', async () => {
  const { port } = await start('Broadcast');
  const [sender, other] = [await open(port, own), await open(port, own)];
  sender.send(text('news'));
  expect(await sender.received(1)).toEqual([textLine('thank you')]);
  expect(await other.received(1)).toEqual([textLine('news')]);
});

test('README: messages are checked, and changed', async () => {
  const { port } = await start('Checking messages');
  const client = await open(port, own);
  client.send(text(' hello '), text('/admin'), text('bye'), { opcode: 2 });
  expect(await client.received(3)).toEqual([textLine('hello'), textLine('bye'), 'close 1003 "text only"']);
});

test('README: a client that is refused is a line of the log, and counts', async () => {
  const { child, port } = await start('Watching a server');
  const other = request(port, { Origin: 'https://evil.example' }, 'GET /chat HTTP/1.1');
  await other.response();
  await other.end();
  await open(port, own, 'GET /chat HTTP/1.1');
  // The README's server listens on IPv6 as well, this one on 127.0.0.1.
  const [, promised] = /^\/\/ ::ffff:(127.*)$/m.exec(README)!;
  expect(await child.line()).toBe(promised);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('ws_handshakes_refused_total{status="403",reason="origin-forbidden"} 1\n');
  expect(metrics).toContain('ws_connections 1\n');
});

test('README: a server that is asked to end takes leave of its clients', async () => {
  const { child, port } = await start('Closing the server');
  const client = await open(port, own);
  child.process.kill('SIGTERM');
  expect(await client.received(1)).toEqual(['close 1012 "restart"']);
  await client.send(close(1012)).end();
  expect(await child.line()).toBe('all are gone');
});

test('README: compression by its options, for a client that offers it', async () => {
  const { port } = await start('Compression');
  const client = await open(port, { ...own, 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const answer = (await client.response()).fields.get('sec-websocket-extensions');
  expect(answer).toBe('permessage-deflate; client_no_context_takeover');
  const head = (await client.response()).head.length;
  await client.until(() => client.length > head + 10);
  expect(client.bytes[head]).toBe(0xc1);
});

/** A default as a table of options writes it. */
function inTable(value: unknown): string {
  if (typeof value !== 'number') return `\`${inspect(value)}\``;
  return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : value.toLocaleString('en');
}

test('README: the table has every option, with its default', () => {
  const table = README.split('\n## Options\n')[1]!.split('\n## ')[0]!;
  const documented = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g)!);
  expect(documented.sort()).toEqual(Object.keys(OPTIONS).sort());
  const settings = readOptions({ noServer: true, messageHook: () => true });
  const { driverSettings, messageHook } = settings.connection;
  const defaults = {
    ...driverSettings.limits,
    requireOrigin: settings.upgrade.requireOrigin,
    handshakeTimeout: settings.handshakeTimeout,
    maxPayload: driverSettings.connection.limits.maxMessagePayload,
    perMessageDeflate: settings.upgrade.extensions.length > 0,
    // It alone knows its times: heartbeat.test.ts of @ws/connection.
    heartbeat: { interval: 30_000, timeout: 20_000 },
    idleTimeout: false,
    trustProxy: false,
    proxyProtocol: settings.proxyProtocol !== undefined,
    messageHookTimeout: messageHook!.timeout,
  };
  const told = [...table.matchAll(/^\| `(\w+)` +\| ([\d`].*?) +\|/gm)].map(([, name, preset]) => [name, preset]);
  expect(Object.fromEntries(told)).toEqual({
    ...Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, inTable(value)])),
    heartbeat: Object.values(defaults.heartbeat).map(inTable).join(' and '),
  });
});

test('docs/coming-from-ws.md: what it says is not here is not here', () => {
  const [, section] = COMING_FROM_WS.split('\n## Not here\n');
  const text = section!.split('\n## ')[0]!.replace(/\s+/g, ' ');
  const names = (list: string) => Array.from(list.matchAll(/`(\w+)`/g), ([, name]) => name!);
  // No `a`, `b`: a list of names.
  const absent = [...text.matchAll(/\bno ((`\w+`(, )?)+)/gi)].flatMap(([list]) => names(list));
  expect(absent).toEqual(expect.arrayContaining(['Receiver', 'Sender', 'url', '_socket', '_receiver', '_server']));
  const { WebSocket, WebSocketServer } = api;
  const here = [api, WebSocket, WebSocket.prototype, WebSocketServer, WebSocketServer.prototype];
  expect(absent.filter((name) => here.some((it) => name in it))).toEqual([]);
  const [, list] = /an option .* if `ws` has it \((.*?)\)/i.exec(text)!;
  const ignored = names(list!);
  expect(ignored.filter((name) => name in OPTIONS)).toEqual([]);
  const warnings = vi.spyOn(process, 'emitWarning').mockReturnValue();
  onTestFinished(() => warnings.mockRestore());
  new WebSocketServer({ noServer: true, ...Object.fromEntries(ignored.map((name) => [name, 1])) });
  expect(warnings).not.toHaveBeenCalled();
});

test('the package exports these and no others', () => {
  expect(Object.keys(api).sort()).toEqual([
    'CloseCode',
    'HandshakeError',
    'NotSentError',
    'PreparedMessage',
    'ProtocolError',
    'ProxyProtocolError',
    'SocketEventTarget',
    'WebSocket',
    'WebSocketServer',
    'createWebSocketStream',
    'default',
    'module.exports',
  ]);
  expect(api.default).toBe(api.WebSocket);
});

test('README: the table has every metric, with its type', () => {
  const table = README.split('\n## Watching a server\n')[1]!.split('\n## ')[0]!;
  const documented = [...table.matchAll(/^\| `(ws_\w+)` +\| (\w+) /gm)].map(([, name, type]) => `${name} ${type}`);
  const text = new api.WebSocketServer({ noServer: true }).metrics();
  expect(documented).toEqual([...text.matchAll(/^# TYPE (.*)$/gm)].map(([, metric]) => metric));
});
