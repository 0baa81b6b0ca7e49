import { expect, test } from 'vitest';
import type { WebSocket } from '../src/websocket.ts';
import { run } from './child.suite.ts';
import { close, open, request, text, textLine } from './raw-client.suite.ts';
import { ended, nextConnection, serve } from './serve.suite.ts';
import { uncaught } from './uncaught.suite.ts';

const thrown = new Error('a bug of the application');
const fail = () => {
  throw thrown;
};

/** Where the application throws, and what a client sends to have it throw. */
const places: [string, (socket: WebSocket) => void][] = [
  ["'message'", (socket) => socket.on('message', fail)],
  ["'ping'", (socket) => socket.on('ping', fail)],
  ["'pong'", (socket) => socket.on('pong', fail)],
  ["'connection'", fail],
  ['a callback of send', (socket) => socket.send('hello', fail)],
  ["'message' that has waited", (socket) => void setImmediate(() => socket.on('message', fail))],
];

for (const [place, listen] of places) {
  test(`H6: ${place} throws: the process hears it once, that connection closes with 1011, the others go on`, async () => {
    const { errors } = uncaught();
    let later = 0;
    const { port, server } = await serve({}, (socket) => {
      if (server.clients.size > 1) {
        socket.on('message', () => later++);
        listen(socket);
      } else socket.on('message', (data) => socket.send(data.toString()));
    });
    const other = await open(port);
    const client = await open(port);
    client.send({ opcode: 9 }, { opcode: 10 }, text('a'));
    await client.until(() => client.decoded().events.some(({ type }) => type === 'close'));
    expect(client.transcript().at(-1)).toBe('close 1011 ""');
    const heard = later;
    client.send(text('discarded'), close(1011));
    await client.end();
    expect(errors).toEqual([thrown]);
    expect(later).toBe(heard);
    expect(await other.send(text('still here')).received(1)).toEqual([textLine('still here')]);
    expect(server.clients.size).toBe(1);
  });
}

test("H6: 'close' throws: the process hears it once, and the connection is forgotten", async () => {
  const { errors } = uncaught();
  const { port, server } = await serve({}, (socket) => socket.on('close', fail));
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  const end = new Promise((resolve) => socket.prependListener('close', resolve));
  client.send(close(1000));
  await client.end();
  await end;
  await new Promise(setImmediate);
  expect(errors).toEqual([thrown]);
  expect(server.clients.size).toBe(0);
});

test("H6: 'close' that is told late, by a loop, throws: the process hears it once, and the loop ends", async () => {
  const { errors } = uncaught();
  const { port, server } = await serve();
  const connected = nextConnection(server);
  const client = await open(port);
  const socket = await connected;
  await client.send(close(1000)).end();
  await server.close();
  socket.on('close', fail);
  for await (const _ of socket) expect.unreachable('nothing was sent');
  await new Promise(setImmediate);
  expect(errors).toEqual([thrown]);
});

test("H6: 'error' throws: the process hears it once, 'close' follows, and the connection is forgotten", async () => {
  const { errors } = uncaught();
  const { port, server } = await serve({}, (socket) => socket.on('error', fail));
  const connected = nextConnection(server);
  const client = await open(port);
  const end = ended(await connected);
  client.send({ opcode: 3 });
  await client.end();
  expect((await end).code).toBe(1006);
  expect(errors).toEqual([thrown]);
  expect(server.clients.size).toBe(0);
});

test("H6: 'drain' throws: that connection closes with 1011", async () => {
  const { errors } = uncaught();
  // More than the system takes at once.
  const payload = Buffer.alloc(16 * 1024 * 1024);
  const { port } = await serve({}, (socket) => {
    socket.on('drain', fail);
    expect(socket.send(payload)).toBe(false);
  });
  const client = await open(port);
  const head = (await client.response()).head.length;
  await client.until(() => client.length === head + 10 + payload.length + 4);
  expect(client.bytes.subarray(-4).toString('hex')).toBe('880203f3');
  expect(errors).toEqual([thrown]);
});

const SERVER = `
  import { WebSocketServer } from '@ws/node-server';
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      if (String(data) === 'throw') throw new Error('a bug of the application');
      socket.send(String(data));
    });
  });
`;

test('H6: without an uncaughtException handler the process dies of it, as Node has it', async () => {
  const child = run(SERVER);
  const client = await open(Number(await child.line()));
  client.send(text('throw'));
  expect(await child.exit).toBe(1);
  expect(child.errors()).toContain('Error: a bug of the application');
});

test('H6: with a handler the process goes on, which hears of it once', async () => {
  const child = run(`${SERVER} process.on('uncaughtException', (error) => console.log('heard ' + error.message));`);
  const port = Number(await child.line());
  const client = await open(port);
  client.send(text('throw'), text('discarded'));
  expect(await client.received(1)).toEqual(['close 1011 ""']);
  client.send(close(1011));
  await client.end();
  expect(await child.line()).toBe('heard a bug of the application');
  const next = await open(port);
  expect(await next.send(text('alive')).received(1)).toEqual([textLine('alive')]);
  child.process.disconnect();
  expect(child.errors()).toBe('');
});

test('H1, H7: violations, resets and refusals without a single listener leave the process alive', async () => {
  const child = run(SERVER);
  const port = Number(await child.line());
  for (const frame of [
    { opcode: 3 },
    { opcode: 1, payload: Buffer.from([255]) },
    { opcode: 1, maskingKey: undefined },
  ]) {
    const client = await open(port);
    client.send(frame);
    await client.end();
  }
  const reset = await open(port);
  reset.socket.resetAndDestroy();
  const refused = request(port, { 'Sec-WebSocket-Version': '8' });
  await refused.end();
  request(port).socket.resetAndDestroy();
  const client = await open(port);
  expect(await client.send(text('alive')).received(1)).toEqual([textLine('alive')]);
  expect(child.errors()).toBe('');
});

test("H7: a violation: 'error' has the details if anybody listens, 'close' is 1006, and cause names it", async () => {
  for (const listening of [true, false]) {
    const { server, port } = await serve();
    const connected = nextConnection(server);
    const client = await open(port);
    const socket = await connected;
    const errors: Error[] = [];
    if (listening) socket.on('error', (error) => errors.push(error));
    const end = ended(socket);
    client.send(text('fine'), { opcode: 2, rsv2: true });
    expect(await client.received(1)).toEqual(['close 1002 ""']);
    await client.end();
    const { code, reason, cause } = await end;
    expect([code, reason]).toEqual([1006, '']);
    // Behind the text's 10 bytes, the byte with the bit.
    expect(cause).toMatchObject({ name: 'ProtocolError', violation: 'reserved-bits', closeCode: 1002, offset: 10 });
    expect(errors).toEqual(listening ? [cause] : []);
  }
});
