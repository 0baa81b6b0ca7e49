import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Child, LISTEN, run } from './child.suite.ts';
import * as api from './index.ts';
import { readOptions } from './options.ts';
import { close, open, request, text, textLine } from './raw-client.suite.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** Runs the block under a heading, as it stands there. */
async function start(heading: string): Promise<{ child: Child; port: number }> {
  const [, section] = README.split(`\n## ${heading}\n`);
  const [, block] = /```js\n(.*?)```/s.exec(section!.split('\n## ')[0]!)!;
  const child = run(`${LISTEN}\n${block}`);
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
  expect(await child.line()).toBe('gone: 4000 bye ');
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

test('README: compression by its options, for a client that offers it', async () => {
  const { port } = await start('Compression');
  const client = await open(port, { ...own, 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const answer = (await client.response()).fields.get('sec-websocket-extensions');
  expect(answer).toBe('permessage-deflate; client_no_context_takeover');
  const head = (await client.response()).head.length;
  await client.until(() => client.length > head + 10);
  expect(client.bytes[head]).toBe(0xc1);
});

test('README: the table has every option, with its default', () => {
  const table = README.split('\n## Options\n')[1]!.split('\n## ')[0]!;
  const documented = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g)!);
  const source = readFileSync(new URL('./options.ts', import.meta.url), 'utf8').split('export interface Settings')[0]!;
  const options = [...source.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name!);
  expect(documented.sort()).toEqual(options.sort());
  const { handshakeTimeout, closeTimeout, closeReplyTimeout, maxPayload } = readOptions({ noServer: true });
  expect([handshakeTimeout, closeTimeout, closeReplyTimeout, maxPayload]).toEqual([10_000, 1000, 10_000, 16 * 2 ** 20]);
  for (const number of ['10,000', '1,000', '16 MiB', '30,000 and 20,000'])
    expect(table).toMatch(new RegExp(`\\| ${number} +\\|`));
});

test('README: what it says is not here is not here', () => {
  const prototype = api.WebSocket.prototype as unknown as Record<string, unknown>;
  for (const name of ['addEventListener', 'onmessage', 'binaryType', 'url']) expect(name in prototype).toBe(false);
  expect(Object.keys(api).sort()).toEqual([
    'CloseCode',
    'HandshakeError',
    'ProtocolError',
    'WebSocket',
    'WebSocketServer',
    'default',
  ]);
  expect(api.default).toBe(api.WebSocket);
});
