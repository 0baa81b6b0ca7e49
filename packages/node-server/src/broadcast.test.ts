import { once } from 'node:events';
import { openFaultPipe } from '@ws/testkit/fault-pipe';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket as WsClient } from 'ws';
import { open, type RawClient, textLine } from '../test/raw-client.suite.ts';
import { ended, nextConnection, type ServeOptions, serve } from '../test/serve.suite.ts';
import { type NotSentError, PreparedMessage } from './index.ts';
import type { WebSocket } from './websocket.ts';

/** A server with some raw clients, each with its other end. */
async function serving(count: number, options: ServeOptions = {}) {
  const { server, port } = await serve(options);
  const clients: { client: RawClient; socket: WebSocket }[] = [];
  for (let i = 0; i < count; i++) {
    const connected = nextConnection(server);
    const client = await open(port);
    clients.push({ client, socket: await connected });
  }
  return { server, port, clients };
}

test('broadcast reaches all, or all but some, or those that a filter takes, and says how many', async () => {
  const { server, clients } = await serving(3);
  const [a, b, c] = clients.map(({ socket }) => socket);
  expect(server.broadcast('all')).toBe(3);
  expect(server.broadcast('not a', { except: a })).toBe(2);
  expect(server.broadcast('not a and b', { except: [a!, b!] })).toBe(1);
  expect(server.broadcast('only b', { filter: (socket) => socket === b })).toBe(1);
  expect(server.broadcast('nobody', { except: server.clients })).toBe(0);
  expect(server.broadcast(Buffer.from('abc'), { except: c, filter: (socket) => socket !== b })).toBe(1);
  expect(server.broadcast(Buffer.from('end'), { binary: false })).toBe(3);
  const lines = [
    ['all', 'end'],
    ['all', 'not a', 'only b', 'end'],
    ['all', 'not a', 'not a and b', 'end'],
  ].map((texts) => texts.map(textLine));
  lines[0]!.splice(1, 0, 'message opcode=2 rsv=0 3:616263');
  for (const [i, { client }] of clients.entries()) expect(await client.received(lines[i]!.length)).toEqual(lines[i]);
});

test('broadcast leaves out who is closing, or in the middle of a fragmented message', async () => {
  const { server, clients } = await serving(3);
  clients[0]!.socket.close();
  clients[1]!.socket.send('begun ', { fin: false });
  const asked: WebSocket[] = [];
  const filter = (socket: WebSocket) => asked.push(socket) > 0;
  expect(server.broadcast('x', { filter })).toBe(1);
  expect(server.broadcast('x', { filter, except: clients[2]!.socket })).toBe(0);
  // Of those that it is not for, the filter is not asked.
  expect(asked).toEqual([clients[2]!.socket]);
  clients[1]!.socket.send('ended');
  expect(server.broadcast('y')).toBe(2);
  expect(await clients[1]!.client.received(2)).toEqual([textLine('begun ended'), textLine('y')]);
  expect(await clients[2]!.client.received(2)).toEqual([textLine('x'), textLine('y')]);
});

test('broadcast of what cannot be sent, or with a filter that throws, sends nothing to anybody', async () => {
  const { server, clients } = await serving(2);
  expect(() => server.broadcast(5 as never)).toThrow(TypeError);
  expect(() => server.broadcast(Buffer.from([0xff]), { binary: false })).toThrow('is not UTF-8');
  let asked = 0;
  const filter = () => {
    if (++asked === 2) throw new Error('filter');
    return true;
  };
  expect(() => server.broadcast('x', { filter })).toThrow('filter');
  server.broadcast('last');
  for (const { client } of clients) expect(await client.received(1)).toEqual([textLine('last')]);
});

test('broadcast leaves out whom its own filter has sent a fragment, or closed', async () => {
  const { server, clients } = await serving(3);
  const [a, b] = clients.map(({ socket }) => socket);
  let asked = 0;
  const filter = () => {
    if (++asked === 3) {
      a!.send('begun ', { fin: false });
      b!.close();
    }
    return true;
  };
  expect(server.broadcast('x', { filter })).toBe(1);
  a!.send('ended');
  expect(await clients[0]!.client.received(1)).toEqual([textLine('begun ended')]);
  expect(await clients[2]!.client.received(1)).toEqual([textLine('x')]);
});

test('M3: a client that does not read neither slows the others nor costs more than maxBufferedAmount and a message', async () => {
  const { server, port } = await serve({ maxBufferedAmount: 4 * 1024 * 1024 });
  const pipe = await openFaultPipe({ targetPort: port });
  onTestFinished(() => pipe.close());
  const connected = nextConnection(server);
  await open(pipe.port);
  const slow = await connected;
  (await pipe.next()).toClient.stall();
  const others = await Promise.all([open(port), open(port)]);
  const message = server.prepare(Buffer.alloc(65_536));
  const closing = new Promise<void>((resolve) => {
    const timer = setInterval(() => slow.readyState !== slow.OPEN && resolve(clearInterval(timer)), 1);
  });
  const heads = await Promise.all(others.map(async (client) => (await client.response()).head.length));
  let sent = 0;
  let most = 0;
  // What the system takes for the slow one is its own; the others get all of it, round by round.
  while (slow.readyState === slow.OPEN) {
    for (let i = 0; i < 16; i++) server.broadcast(message);
    sent += 16;
    most = Math.max(most, slow.bufferedAmount);
    await Promise.all(others.map((client, i) => client.until(() => client.length >= heads[i]! + sent * (10 + 65_536))));
  }
  await closing;
  expect(most).toBeLessThanOrEqual(4 * 1024 * 1024 + 65_536 + 10 + 64);
  expect(server.broadcast('to the others')).toBe(2);
});

test('M3: a client that is too slow gets the message that has begun, and then 1013 before all that waited', async () => {
  const maxBufferedAmount = 8 * 1024 * 1024;
  const { clients } = await serving(1, { maxBufferedAmount });
  const { client, socket } = clients[0]!;
  client.socket.pause();
  const told: (string | undefined)[] = [];
  let sent = 0;
  for (; socket.readyState === socket.OPEN; sent++) {
    const name = String(sent).padStart(8, '0');
    socket.send(name.repeat(12_500), (error) => told.push((error as NotSentError | undefined)?.code));
  }
  // What the system has not taken of one write, the rest of a message, and the Close.
  expect(socket.bufferedAmount).toBeLessThan(1024 * 1024 + 100_010 + 64);
  const end = ended(socket);
  client.socket.resume();
  const reason = 'messages are not read fast enough';
  await client.until(() => client.bytes.subarray(-reason.length).toString('latin1') === reason);
  const { events } = client.decoded();
  expect(events.pop()).toEqual({ type: 'close', code: 1013, reason });
  expect(events.length).toBeLessThan(sent - 60);
  for (const [i, event] of events.entries()) {
    expect(Buffer.from((event as { payload: Uint8Array }).payload.subarray(0, 8)).toString()).toBe(
      String(i).padStart(8, '0'),
    );
  }
  client.send({ opcode: 8, payload: Buffer.from([0x03, 0xf5]) });
  await client.end();
  expect(await end).toEqual({ code: 1013, reason: '', cause: undefined });
  expect(told.filter((code) => code === undefined)).toHaveLength(events.length);
  expect(told.filter((code) => code === 'overflow')).toHaveLength(sent - events.length);
});

test('M3: a flood of pings at a client that does not read is bounded as messages are', async () => {
  const { clients } = await serving(1, { maxBufferedAmount: 100_000 });
  const { client, socket } = clients[0]!;
  client.socket.pause();
  let most = 0;
  // As much as no system takes for a client that reads nothing.
  for (let i = 0; i < 500_000 && socket.readyState === socket.OPEN; i++) {
    socket.ping(Buffer.alloc(125));
    most = Math.max(most, socket.bufferedAmount);
  }
  expect(socket.readyState).toBe(socket.CLOSING);
  expect(most).toBeLessThan(100_000 + 127 + 64);
});

test('M3: overflow drop and wait, by the options of a server', async () => {
  for (const overflow of ['drop', 'wait'] as const) {
    const { clients } = await serving(1, { maxBufferedAmount: 1000, overflow });
    const { client, socket } = clients[0]!;
    client.socket.pause();
    const results: (string | undefined)[] = [];
    for (let i = 0; i < 40; i++) socket.send(Buffer.alloc(1024 * 1024), (error) => results.push(error?.message));
    const drained = once(socket, 'drain');
    client.socket.resume();
    await drained;
    expect(results).toHaveLength(40);
    const refused = results.filter((message) => message !== undefined);
    if (overflow === 'wait') expect(refused).toEqual([]);
    else expect(refused[0]).toMatch(/^not sent: \d+ bytes wait for the peer, and maxBufferedAmount is 1000$/);
    expect(socket.readyState).toBe(socket.OPEN);
  }
});

test('prepared: compressed for those that have agreed on it, plain for the others, all the same message', async () => {
  const { server, port } = await serve({ perMessageDeflate: { threshold: 100 } });
  const clients = [];
  for (const perMessageDeflate of [true, false, true]) {
    const client = new WsClient(`ws://127.0.0.1:${port}`, { perMessageDeflate });
    onTestFinished(() => client.terminate());
    await once(client, 'open');
    clients.push(client);
  }
  const content = 'compresses well. '.repeat(1000);
  for (const compress of [true, false]) {
    const prepared = server.prepare(content, { compress });
    expect(prepared).toBeInstanceOf(PreparedMessage);
    const received = clients.map((client) => once(client, 'message'));
    expect(server.broadcast(prepared)).toBe(3);
    for (const [data, isBinary] of await Promise.all(received)) {
      expect([String(data), isBinary]).toEqual([content, false]);
    }
  }
});

test('prepared: with the same parameters the clients get the same bytes, compressed', async () => {
  const { server, port } = await serve({ perMessageDeflate: { threshold: 1 } });
  const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  const clients = [await open(port, offer), await open(port, offer)];
  const heads = await Promise.all(clients.map(async (client) => (await client.response()).head.length));
  server.broadcast(server.prepare('x'.repeat(100)));
  server.broadcast('end', { compress: false });
  const bytes = await Promise.all(
    clients.map(async (client, i) => {
      await client.until(() => client.bytes.subarray(-3).toString() === 'end');
      return client.bytes.subarray(heads[i]).toString('hex');
    }),
  );
  expect(bytes[0]).toBe(bytes[1]);
  // FIN, RSV1, text; much shorter than it was.
  expect(bytes[0]).toMatch(/^c1[0-1]./);
  expect(bytes[0]).toMatch(/8103656e64$/);
});
