import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { certificate } from '@ws/runtimes/certificate';
import { expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket as WsClient } from 'ws';
import { type Child, LISTEN, run } from './child.suite.ts';

// The server examples of the README of ws, as it is installed: a server of theirs must run by changing its import
// alone.
const folder = dirname(createRequire(import.meta.url).resolve('ws/package.json'));
const README = readFileSync(join(folder, 'README.md'), 'utf8');

/** The code blocks under a heading. */
function examples(heading: string): string[] {
  const [, section] = README.split(new RegExp(`^#+ ${heading.replace(/[?/]/g, '\\$&')}$`, 'm'));
  if (section === undefined) throw new Error(`the README of ws has no heading "${heading}" any more`);
  const blocks = section.split(/^#+ /m)[0]!.matchAll(/```js\n(.*?)```/gs);
  return Array.from(blocks, ([, code]) => code!);
}

/**
 * Runs an example with nothing changed but the import.
 *
 * @param prelude what the example leaves to its reader
 */
async function start(example: string, prelude = ''): Promise<{ child: Child; port: number }> {
  expect(example).toContain("from 'ws'");
  const code = example.replaceAll("from 'ws'", "from '@ws/node-server'");
  const child = run(`${LISTEN}\n${prelude}\n${code}`);
  return { child, port: Number(await child.line()) };
}

/** A client of ws with the messages that it was sent. */
async function connect(url: string, options: ClientOptions = {}) {
  const client = new WsClient(url, options);
  onTestFinished(() => client.terminate());
  const waiting: string[] = [];
  let wake = () => {};
  client.on('message', (data, isBinary) => {
    waiting.push(`${isBinary ? 'binary' : 'text'} ${data}`);
    wake();
  });
  await once(client, 'open');
  const message = async (): Promise<string> => {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return waiting.shift()!;
  };
  return { client, message };
}

/** Whatever was sent before is read by the server when this resolves. */
async function roundTrip(client: WsClient): Promise<void> {
  client.ping();
  await once(client, 'pong');
}

test('the README of ws: Simple server', async () => {
  const { child, port } = await start(examples('Simple server')[0]!);
  const { client, message } = await connect(`ws://127.0.0.1:${port}`);
  expect(await message()).toBe('text something');
  client.send('hello');
  expect(await child.line()).toBe('received: hello');
  client.close(1000);
  expect((await once(client, 'close'))[0]).toBe(1000);
});

test('the README of ws: External HTTP/S server', async () => {
  const { cert, certFile, keyFile } = certificate();
  // The paths are placeholders.
  const example = examples('External HTTP/S server')[0]!
    .replace('/path/to/cert.pem', certFile)
    .replace('/path/to/key.pem', keyFile);
  const { child, port } = await start(example);
  const { client, message } = await connect(`wss://localhost:${port}`, { ca: cert });
  expect(await message()).toBe('text something');
  client.send('hello');
  expect(await child.line()).toBe('received: hello');
});

test('the README of ws: Multiple servers sharing a single HTTP/S server', async () => {
  const { port } = await start(examples('Multiple servers sharing a single HTTP/S server')[0]!);
  for (const path of ['/foo', '/bar', '/foo?x=1']) {
    const { client } = await connect(`ws://127.0.0.1:${port}${path}`);
    await roundTrip(client);
  }
  await expect(connect(`ws://127.0.0.1:${port}/other`)).rejects.toThrow('socket hang up');
});

test('the README of ws: Client authentication', async () => {
  // The example leaves this function to its reader.
  const authenticate = `globalThis.authenticate = (request, next) =>
    setImmediate(() => request.headers.authorization === 'Bearer s3cret' ? next(null, 'ada') : next(null));`;
  const { child, port } = await start(examples('Client authentication')[0]!, authenticate);
  const headers = { Authorization: 'Bearer s3cret' };
  const { client } = await connect(`ws://127.0.0.1:${port}`, { headers });
  client.send('hello');
  expect(await child.line()).toBe('Received message hello from user ada');
  await expect(connect(`ws://127.0.0.1:${port}`)).rejects.toThrow('Unexpected server response: 401');
});

test('the README of ws: Server broadcast, including the sender and excluding it', async () => {
  const [including, excluding] = examples('Server broadcast');
  for (const [example, self] of [
    [including!, true],
    [excluding!, false],
  ] as const) {
    const { port } = await start(example);
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(`ws://127.0.0.1:${port}`)));
    a!.client.send('text');
    a!.client.send(Buffer.from('bytes'));
    for (const { message } of self ? [a!, b!, c!] : [b!, c!]) {
      expect([await message(), await message()]).toEqual(['text text', 'binary bytes']);
    }
    // Had the sender got its own, it would have come before this.
    b!.client.send('answer');
    expect(await a!.message()).toBe('text answer');
  }
});

test('the README of ws: How to get the IP address of the client?', async () => {
  const [direct, proxied] = examples('How to get the IP address of the client?');
  // The second block goes on where the first ends. The examples keep the address to themselves: ours says what theirs
  // read.
  const say = `
    wss.on('connection', (ws, req) => ws.send(req.socket.remoteAddress + ' ' + req.headers['x-forwarded-for']));
  `;
  const { child, port } = await start(`${direct}\n${proxied}\n${say}`);
  const headers = { 'X-Forwarded-For': '192.0.2.7, 10.0.0.1' };
  const { client, message } = await connect(`ws://127.0.0.1:${port}`, { headers });
  expect(await message()).toBe('text 127.0.0.1 192.0.2.7, 10.0.0.1');
  await roundTrip(client);
  expect(child.errors()).toBe('');
});

test('the README of ws: How to detect and close broken connections?', async () => {
  // Time is the test's: the interval of 30 s passes when it says so.
  const interval = `globalThis.setInterval = (callback) => process.on('message', () => callback());`;
  const { child, port } = await start(examples('How to detect and close broken connections?')[0]!, interval);
  const alive = await connect(`ws://127.0.0.1:${port}`);
  const broken = await connect(`ws://127.0.0.1:${port}`, { autoPong: false });
  const pinged = [once(alive.client, 'ping'), once(broken.client, 'ping')];
  child.process.send('30 s');
  await Promise.all(pinged);
  await roundTrip(alive.client);
  const [again, closed] = [once(alive.client, 'ping'), once(broken.client, 'close')];
  child.process.send('30 s');
  expect((await closed)[0]).toBe(1006);
  await again;
  await roundTrip(alive.client);
  expect(alive.client.readyState).toBe(WsClient.OPEN);
});
