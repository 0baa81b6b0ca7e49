import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { needsRuntimes } from '@ws/runtimes';
import { expect, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { type Program, program } from './deno.suite.ts';
import { OPTIONS } from './options.ts';
import { AcceptPolicy, settingsOf } from './policy.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** Runs the block under a heading, as it stands there but for its port. */
async function start(heading: string): Promise<Program & { url: string }> {
  const [, section] = README.split(`\n## ${heading}\n`);
  const [, block] = /```ts\n(.*?)```/s.exec(section!.split('\n## ')[0]!)!;
  const code = block!
    .replace(/port: 8080/, "port: 0, hostname: '127.0.0.1'")
    .replace("'@ws/deno-adapter'", "'./src/index.ts'");
  const running = program(code, ['--allow-net', '--check']);
  const [, port] = /^listening (\d+)$/.exec(await running.line())!;
  return { ...running, url: `ws://127.0.0.1:${port}` };
}

async function open(url: string, options: object = { origin: 'https://example.com' }): Promise<WsClient> {
  const client = new WsClient(url, options);
  await once(client, 'open');
  return client;
}

const message = async (client: WsClient): Promise<string> => String((await once(client, 'message'))[0]);

test('README: the server sends to all, and forbids other origins', needsRuntimes, async () => {
  const { url, line } = await start('A server');
  const [first, second] = [await open(`${url}/one`), await open(`${url}/two`)];
  expect([await line(), await line()].sort()).toEqual(['hello /one', 'hello /two']);
  const both = Promise.all([message(first), message(second)]);
  first.send('to all');
  expect(await both).toEqual(['to all', 'to all']);
  second.close(4000);
  expect(await line()).toBe('goodbye 4000');
  const [error] = await once(new WsClient(url, { origin: 'https://evil.example' }), 'error');
  expect(error.message).toContain('403');
  first.terminate();
});

test('README: a connection of your own', needsRuntimes, async () => {
  const { url, line } = await start('A connection of your own');
  const client = await open(`${url}/echo`);
  const back = message(client);
  client.send('mine');
  expect(await back).toBe('mine');
  client.terminate();
  expect(await line()).toMatch(/^lost: /);
  const [error] = await once(new WsClient(url), 'error');
  expect(error.message).toContain('404');
});

test('README: the socket: a sender that waits for its reader, and closes', needsRuntimes, async () => {
  const { url, line } = await start('The socket');
  const client = new WsClient(url);
  let bytes = 0;
  client.on('message', (data: Buffer) => (bytes += data.length));
  expect((await once(client, 'close'))[0]).toBe(1000);
  expect(bytes).toBe(1000 * 65_536);
  expect(await line()).toBe('1000 a clean close');
});

test('README: authentication by a bearer token', needsRuntimes, async () => {
  const { url } = await start('Authentication');
  const client = new WsClient(url, { headers: { Authorization: 'Bearer s3cret' } });
  expect(await message(client)).toBe('hello ada');
  client.terminate();
  const [, response] = await once(new WsClient(url), 'unexpected-response');
  expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  response.destroy();
});

test('README: plain requests', needsRuntimes, async () => {
  const { url } = await start('Plain requests');
  const response = await fetch(`${url.replace('ws', 'http')}/health`);
  expect([response.status, await response.text()]).toEqual([200, 'healthy: /health\n']);
  (await open(`${url}/echo`)).terminate();
});

/** A default as the table writes it. */
function inTable(value: unknown): string {
  if (typeof value !== 'number') return `\`${inspect(value)}\``;
  return value % 2 ** 20 === 0 ? `${value / 2 ** 20} MiB` : value.toLocaleString('en');
}

test('README: the table has every option, with its default', () => {
  const table = README.split('\n## Options\n')[1]!.split('\n## ')[0]!;
  const documented = [...table.matchAll(/^\| (`.*?) +\|/gm)].flatMap(([, cell]) => cell!.match(/\w+/g)!);
  expect(documented.sort()).toEqual(Object.keys(OPTIONS).sort());
  const { upgrade, deflate, handshakeTimeout, driverSettings } = settingsOf(new AcceptPolicy());
  const { connection, limits, heartbeat } = driverSettings;
  const defaults = {
    ...limits,
    requireOrigin: upgrade.requireOrigin,
    handshakeTimeout,
    maxPayload: connection.limits.maxMessagePayload,
    perMessageDeflate: deflate.extensions.length > 0,
    heartbeat: heartbeat !== undefined,
    idleTimeout: false,
  };
  const told = [...table.matchAll(/^\| `(\w+)` +\| ([\d`].*?) +\|/gm)].map(([, name, preset]) => [name, preset]);
  expect(Object.fromEntries(told)).toEqual(
    Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, inTable(value)])),
  );
});
