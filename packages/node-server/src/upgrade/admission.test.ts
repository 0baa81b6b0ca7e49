import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { rawFrame } from '@ws/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { folder } from '../../test/program.suite.ts';
import { close, open, RawClient, request, text, upgradeRequest } from '../../test/raw-client.suite.ts';
import { deferred, serve, shut } from '../../test/serve.suite.ts';
import { WebSocketServer } from '../server.ts';

async function refused(port: number, fields = {}) {
  const client = request(port, fields);
  const { status, fields: answer } = await client.response();
  const body = client.bytes.toString().split('\r\n\r\n')[1];
  await client.end();
  return { status, retryAfter: answer.get('retry-after'), body };
}

test('maxConnections: past it 503 with Retry-After; room again when one has gone', async () => {
  const { server, port } = await serve({ maxConnections: 2 });
  const errors: string[] = [];
  const [first] = [await open(port), await open(port)];
  expect(await refused(port)).toEqual({ status: 503, retryAfter: '10', body: 'the server is full\n' });
  server.on('wsClientError', (error, socket) => {
    errors.push(`${error.status} ${error.message}`);
    socket.destroy();
  });
  await request(port).end();
  expect(errors).toEqual(['503 maxConnections (2) is reached']);
  const [gone] = server.clients;
  const left = once(gone!, 'close');
  first!.send(close(1000));
  await Promise.all([first!.end(), left]);
  await open(port);
});

test('maxConnections: those that a hook decides on count', async () => {
  const decision = deferred<boolean>();
  const { port } = await serve({ maxConnections: 1, verifyClient: () => decision.promise });
  const waiting = request(port);
  const second = request(port);
  const first = await Promise.race([waiting.response(), second.response()]);
  expect(first.status).toBe(503);
  decision.resolve(true);
  const answers = await Promise.all([waiting.response(), second.response()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([101, 503]);
});

test('rateLimit.handshakesPerAddress: over it 429 with Retry-After; other addresses are not concerned', async () => {
  const { port } = await serve({ trustProxy: 1, rateLimit: { handshakesPerAddress: 1 } });
  const from = (ip: string) => ({ 'X-Forwarded-For': ip });
  await open(port, from('192.0.2.1'));
  const no = { status: 429, retryAfter: '1', body: 'too many connections from this address\n' };
  expect(await refused(port, from('192.0.2.1'))).toEqual(no);
  await open(port, from('192.0.2.2'));
  // One network of IPv6 is one address, however it is written.
  await open(port, from('2001:db8::1'));
  expect(await refused(port, from('2001:0DB8:0:0:ffff::9'))).toEqual(no);
  await open(port, from('2001:db8:0:1::1'));
  await open(port, from('::ffff:192.0.2.3'));
  await open(port, from('::ffff:192.0.2.4'));
  // A mapped address is that of IPv4.
  await open(port, from('::ffff:c000:205'));
  await open(port, from('0:0:0:0:0:ffff:c000:0206'));
  for (const again of ['192.0.2.1', '192.0.2.3', '192.0.2.5', '192.0.2.6']) {
    expect(await refused(port, from(again))).toEqual(no);
    expect(await refused(port, from(`::ffff:${again}`))).toEqual(no);
  }
  await open(port, from('::'));
  expect(await refused(port, from('::1'))).toEqual(no);
  await open(port, from('64:ff9b::192.0.2.1'));
});

test('rateLimit.handshakesPerAddress counts the address of the socket by default', async () => {
  const { port } = await serve({ rateLimit: { handshakesPerAddress: 1 } });
  await open(port);
  expect((await refused(port)).status).toBe(429);
});

test('rateLimit.handshakesPerAddress: over a unix domain socket, whose clients have no address, it limits nobody', async () => {
  const path = join(folder(), 'socket');
  const http = createServer().listen(path);
  const server = new WebSocketServer({ server: http, trustProxy: 1, rateLimit: { handshakesPerAddress: 1 } });
  onTestFinished(() => void http.close());
  onTestFinished(() => shut(server));
  await once(http, 'listening');
  const ask = async (fields = {}) => {
    const socket = connect(path);
    onTestFinished(() => void socket.destroy());
    socket.write(upgradeRequest(fields));
    const [head] = await once(socket, 'data');
    return String(head).slice(9, 12);
  };
  expect([await ask(), await ask(), await ask()]).toEqual(['101', '101', '101']);
  // Those that the proxy names do have one.
  const from = { 'X-Forwarded-For': '192.0.2.1' };
  expect([await ask(from), await ask(from)]).toEqual(['101', '429']);
});

test('rateLimit.handshakesPerAddress: clients that are gone, whose addresses nobody knows any more, share a limit', async () => {
  const refused: string[] = [];
  const { server, port } = await serve({ rateLimit: { handshakesPerAddress: 1 } });
  server.on('wsClientError', (error, socket) => {
    refused.push(error.message);
    socket.destroy();
  });
  // Nothing is accepted here meanwhile.
  const come = `socket.write(${JSON.stringify(upgradeRequest())}, () => socket.resetAndDestroy())`;
  const one = `{ const socket = require('net').connect(${port}, '127.0.0.1', () => ${come}); }`;
  execFileSync(process.execPath, ['-e', one + one + one]);
  await open(port);
  expect(refused).toEqual(Array(2).fill('rateLimit.handshakesPerAddress (1) is exceeded by clients that are gone'));
});

test('rateLimit.handshakes: over it 503 with Retry-After', async () => {
  const { port } = await serve({ rateLimit: { handshakes: 1 } });
  await open(port);
  expect(await refused(port)).toEqual({ status: 503, retryAfter: '1', body: 'too many connections at once\n' });
});

for (const [name, rateLimit] of [
  ['messages', { messages: 100 }],
  ['bytes', { bytes: 1000 }],
] as const) {
  test(`rateLimit.${name}: reading pauses, and nothing is lost`, async () => {
    const { server, port } = await serve({ rateLimit, heartbeat: { interval: 20, timeout: 20 } });
    const connected = once(server, 'connection');
    const client = await open(port);
    const [socket, { socket: tcp }] = await connected;
    let pauses = 0;
    tcp.on('pause', () => pauses++);
    const received: string[] = [];
    const all = deferred();
    socket.on('message', (data: Buffer) => received.push(String(data)) === 150 && all.resolve());
    const texts = Array.from({ length: 150 }, (_, i) => String(i).padStart(4, '0'));
    client.send(...texts.map(text));
    await all.promise;
    expect(received).toEqual(texts);
    expect(pauses).toBeGreaterThan(0);
  });
}

test('rateLimit.bytes: what comes right behind the request counts', async () => {
  const read = deferred<Socket>();
  const { port } = await serve({ rateLimit: { bytes: 1000 } }, (socket, { socket: tcp }) => {
    socket.on('message', () => read.resolve(tcp));
  });
  const frame = rawFrame({ maskingKey: 1, opcode: 2, payload: Buffer.alloc(2000) });
  new RawClient(port).write(Buffer.concat([Buffer.from(upgradeRequest()), frame]));
  expect((await read.promise).isPaused()).toBe(true);
});

test.each(['messages', 'bytes'] as const)(
  'rateLimit.%s: who closes hears of the Close of a client that has sent more than that, and of no more messages',
  async (name) => {
    const { server, port } = await serve({ rateLimit: { [name]: 200 } });
    const connected = once(server, 'connection');
    const client = await open(port);
    const [socket] = await connected;
    const received: string[] = [];
    const third = deferred();
    socket.on('message', (data: Buffer) => received.push(String(data)) === 3 && third.resolve());
    // Several reads.
    const texts = Array.from({ length: 30_000 }, (_, i) => String(i).padStart(6, '0'));
    client.send(...texts.map(text));
    await third.promise;
    const closed = once(socket, 'close');
    socket.close(4000);
    client.send(close(4000));
    await client.end();
    const [code] = await closed;
    expect(code).toBe(4000);
    expect(received).toEqual(texts.slice(0, received.length));
    // What the read has brought that went over it, and the one after.
    expect(received.length).toBeLessThan(12_000);
  },
);

test('rateLimit: a pause of the application is another, and one that is still to end harms no connection that is over', async () => {
  const { server, port } = await serve({ rateLimit: { messages: 1 } });
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket] = await connected;
  const received: string[] = [];
  const second = deferred();
  socket.on('message', (data: Buffer) => received.push(String(data)) === 2 && second.resolve());
  client.send(text('a'), text('b'), text('c'));
  await second.promise;
  socket.pause();
  const closed = once(socket, 'close');
  socket.terminate();
  await closed;
  expect(received).toEqual(['a', 'b']);
});

test('M8: maxConnections and rateLimit: options of the wrong kind are said by their name', () => {
  const make = (options: object) => () => new WebSocketServer({ noServer: true, ...options });
  for (const value of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(make({ maxConnections: value })).toThrow(/^maxConnections must be an integer/);
    for (const name of ['handshakes', 'handshakesPerAddress', 'messages', 'bytes']) {
      expect(make({ rateLimit: { [name]: value } })).toThrow(`rateLimit.${name} must be an integer`);
    }
  }
  for (const rateLimit of [null, 5, { messages: '5' }]) {
    expect(make({ rateLimit })).toThrow(TypeError);
  }
});
