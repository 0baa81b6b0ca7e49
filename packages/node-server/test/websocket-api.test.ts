import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from '../src/websocket.ts';
import { close, open, text, textLine } from './raw-client.suite.ts';
import { ended, nextConnection, serve, serveOne } from './serve.suite.ts';

/** A raw client and the WebSocket at the other end. */
async function pair() {
  const { server, port } = await serve();
  const connected = once(server, 'connection');
  const client = await open(port);
  const [socket, request] = (await connected) as [WebSocket, import('node:http').IncomingMessage];
  return { server, client, socket, tcp: request.socket };
}

const hex = (bytes: string) => Buffer.from(bytes).toString('hex');

test('the constants of readyState, on the class and on instances', async () => {
  const { socket } = await pair();
  const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
  expect({ ...WebSocket }).toMatchObject(constants);
  for (const [name, value] of Object.entries(constants)) expect(socket[name as 'OPEN']).toBe(value);
});

test('readyState: 1 open, 2 after close or terminate or the peer’s Close, 3 at the end', async () => {
  const states: number[] = [];
  for (const way of ['close', 'terminate', 'peer'] as const) {
    const { client, socket } = await pair();
    states.push(socket.readyState);
    const end = ended(socket);
    if (way === 'peer') {
      await client.send(close(1000)).received(1);
      client.socket.end();
    } else socket[way]();
    states.push(socket.readyState);
    if (way === 'close') client.send(close(1000));
    socket.on('close', () => states.push(socket.readyState));
    if (way === 'close') await client.end();
    await end;
  }
  expect(states).toEqual([1, 2, 3, 1, 2, 3, 1, expect.any(Number), 3]);
});

test('send: every kind of data, as text or binary', async () => {
  const { client, socket } = await pair();
  const bytes = Uint8Array.from([1, 2, 3, 4]);
  socket.send('grüße');
  socket.send('bytes', { binary: true });
  socket.send(Buffer.from('text'), { binary: false });
  socket.send(bytes);
  socket.send(bytes.buffer);
  socket.send(new Uint16Array(bytes.buffer, 2, 1));
  socket.send(new DataView(bytes.buffer, 1, 2));
  socket.send('');
  socket.send(new Uint8Array(0));
  socket.send('lone \ud800');
  expect(await client.received(10)).toEqual([
    textLine('grüße'),
    `message opcode=2 rsv=0 5:${hex('bytes')}`,
    textLine('text'),
    'message opcode=2 rsv=0 4:01020304',
    'message opcode=2 rsv=0 4:01020304',
    'message opcode=2 rsv=0 2:0304',
    'message opcode=2 rsv=0 2:0203',
    textLine(''),
    'message opcode=2 rsv=0 0:',
    textLine('lone \ufffd'),
  ]);
});

test('send: a callback in each place, never before send returns; options of ws that mean nothing here are ignored', async () => {
  const { client, socket } = await pair();
  const calls: string[] = [];
  const done = new Promise<void>((resolve) => {
    socket.send('a', (error) => calls.push(`a ${error}`));
    socket.send('b', {}, (error) => calls.push(`b ${error}`));
    socket.send('c', undefined as never, (error) => calls.push(`c ${error}`));
    socket.send('d', { compress: true, binary: undefined, fin: true, mask: true } as never, (error) => {
      calls.push(`d ${error}`);
      resolve();
    });
  });
  expect(calls).toEqual([]);
  await done;
  expect(calls).toEqual(['a undefined', 'b undefined', 'c undefined', 'd undefined']);
  expect(await client.received(4)).toEqual(['a', 'b', 'c', 'd'].map(textLine));
});

test('send of no data, or with options that are none, is a TypeError that says so', async () => {
  const { socket } = await pair();
  for (const data of [null, undefined]) expect(() => socket.send(data as never)).toThrow('data must be a string');
  expect(() => socket.send('x', null as never)).toThrow('options must be an object');
});

test('send: fragments, with a ping between; a second fragmented message is a TypeError', async () => {
  const { client, socket } = await pair();
  socket.send('grü', { fin: false });
  socket.ping('p');
  expect(() => socket.send(Buffer.from('x'), { binary: true, fin: false })).toThrow(TypeError);
  socket.send('ße', { fin: false });
  socket.send('', { fin: true });
  expect(await client.received(2)).toEqual([`ping 1:${hex('p')}`, textLine('grüße')]);
});

test('send: up to 4 KiB is copied at once, so that the caller may write to it', async () => {
  const { client, socket } = await pair();
  const data = Buffer.alloc(4096, 'a');
  socket.send(data);
  data.fill('b');
  await client.received(1);
  expect(client.transcript()[0]).toBe(`message opcode=2 rsv=0 4096:${hex('a'.repeat(4096))}`);
});

test('send, ping, pong, close when it is not open: false and an error to the callback, never a throw', async () => {
  const { client, socket } = await pair();
  const end = ended(socket);
  socket.close();
  const errors: (string | undefined)[] = [];
  const callback = (error?: Error) => void errors.push(error?.message);
  expect([socket.send('x', callback), socket.ping('x', false, callback), socket.pong('x', callback as never)]).toEqual([
    false,
    false,
    false,
  ]);
  socket.close(1000);
  client.send(close());
  await client.end();
  await end;
  expect(socket.send('x')).toBe(false);
  const last = new Promise<void>((resolve) => socket.send('x', (error) => resolve(callback(error))));
  socket.close();
  socket.terminate();
  await last;
  expect(errors).toEqual([
    ...Array(3).fill('the connection is closing: nothing can be sent'),
    'the connection is closed: nothing can be sent',
  ]);
});

test('close: with a reason alone, 1000, as in browsers; ping and pong of null are empty', async () => {
  const { client, socket } = await pair();
  socket.ping(null as never);
  socket.pong(null as never);
  socket.close(undefined, 'bye');
  expect(await client.received(3)).toEqual(['ping 0:', 'pong 0:', 'close 1000 "bye"']);
});

test('once it is closed: close looks at nothing, and pause does nothing, as in ws', async () => {
  const { client, socket } = await pair();
  const end = ended(socket);
  await client.send(close()).end();
  await end;
  socket.close(5, 'x'.repeat(1000));
  socket.pause();
  expect(socket.isPaused).toBe(false);
});

test('after terminate: not open, so that a broadcast passes it by, and send says no', async () => {
  const { socket, client } = await pair();
  const end = ended(socket);
  socket.terminate();
  expect(socket.readyState).toBe(WebSocket.CLOSING);
  const error = new Promise<Error | undefined>((resolve) => socket.send('x', resolve));
  expect((await end).code).toBe(1006);
  expect(await error).toMatchObject({
    message: 'the connection is closed: nothing can be sent',
    cause: { message: 'the connection was terminated by this end' },
  });
  await client.until(() => client.ended).catch(() => {});
});

test('broadcast: a filter that is async reaches nobody, and options of the wrong kind are said by their name', async () => {
  const { server, client, socket } = await pair();
  const send = (options: unknown) => () => server.broadcast('secret', options as never);
  // It would be true, whatever it comes to.
  expect(send({ filter: async () => false })).toThrow('filter must answer at once');
  expect(send({ filter: async () => Promise.reject(new Error('of nobody')) })).toThrow('filter must answer at once');
  for (const filter of [5, null, 'a']) expect(send({ filter })).toThrow('filter must be a function');
  for (const except of [5, null, 'a']) {
    const got = except === null ? 'null' : typeof except;
    expect(send({ except })).toThrow(`except must be a WebSocket, or several, got ${got}`);
  }
  for (const options of [null, 5]) expect(send(options)).toThrow('options must be an object');
  expect(() => server.prepare('a', null as never)).toThrow('options must be an object');
  socket.send('first');
  expect(await client.received(1)).toEqual([textLine('first')]);
});

test('server.close: a code in place of options is an error, and closes nothing; null is none', async () => {
  const { server, socket } = await pair();
  for (const wrong of [1012, 'bye', true])
    expect(() => server.close(wrong as never)).toThrow('{ code, reason, timeout }');
  expect(socket.readyState).toBe(socket.OPEN);
  const closed = server.close(null as never);
  socket.terminate();
  await closed;
});

test('ping and pong: data, mask and callback in every place that ws takes them', async () => {
  const { client, socket } = await pair();
  let called = 0;
  const callback = () => called++;
  const last = new Promise<void>((resolve) => {
    socket.ping();
    socket.ping('a');
    socket.ping(Buffer.from('b'), false);
    socket.ping('c', false, callback);
    socket.ping('d', callback);
    socket.ping(callback);
    socket.pong('e', undefined, callback);
    socket.pong('x'.repeat(125), undefined, () => resolve());
  });
  await last;
  expect(called).toBe(4);
  expect(await client.received(8)).toEqual([
    'ping 0:',
    ...['a', 'b', 'c', 'd'].map((data) => `ping 1:${hex(data)}`),
    'ping 0:',
    `pong 1:${hex('e')}`,
    `pong 125:${hex('x'.repeat(125))}`,
  ]);
});

test("'message', 'ping', 'pong' give Buffers of their own; a ping has been answered", async () => {
  const { client, socket } = await pair();
  const seen: unknown[] = [];
  socket.on('message', (data, isBinary) => seen.push(['message', Buffer.isBuffer(data), String(data), isBinary]));
  socket.on('ping', (data) => seen.push(['ping', Buffer.isBuffer(data), String(data)]));
  socket.on('pong', (data) => seen.push(['pong', Buffer.isBuffer(data), String(data)]));
  client.send(text('t'), { opcode: 2, payload: Buffer.from('b') }, { opcode: 10, payload: Buffer.from('o') });
  expect(await client.send({ opcode: 9, payload: Buffer.from('i') }).received(1)).toEqual([`pong 1:${hex('i')}`]);
  expect(seen).toEqual([
    ['message', true, 't', false],
    ['message', true, 'b', true],
    ['pong', true, 'o'],
    ['ping', true, 'i'],
  ]);
});

test("'close' gives the code and a Buffer", async () => {
  const { client, socket } = await pair();
  const closed = once(socket, 'close');
  client.send(close(4000, 'bye'));
  await client.end();
  expect(await closed).toEqual([4000, Buffer.from('bye')]);
});

test('close takes its reason as a Buffer, too', async () => {
  const { client, socket } = await pair();
  socket.close(4000, Buffer.from('grüße'));
  expect(await client.received(1)).toEqual(['close 4000 "grüße"']);
});

test('pause: no event, no pong, no reading; resume goes on where it stopped', async () => {
  const { server, client, socket, tcp } = await pair();
  const seen: string[] = [];
  socket.on('message', (data) => {
    seen.push(String(data));
    // In the middle of a segment.
    if (seen.length === 1) socket.pause();
  });
  const paused = once(tcp, 'pause');
  client.send(text('1'), text('2'), { opcode: 9 }, text('3'));
  await paused;
  expect([socket.isPaused, seen]).toEqual([true, ['1']]);
  const connected = nextConnection(server);
  const other = await open((server.address() as { port: number }).port);
  await connected;
  await other.send({ opcode: 9 }).received(1);
  expect(seen).toEqual(['1']);
  socket.pause();
  socket.resume();
  expect(socket.isPaused).toBe(false);
  await client.received(1);
  expect(seen).toEqual(['1', '2', '3']);
});

test('pause, and the connection is closed by us: the peer’s Close is waited for in vain, but not for ever', async () => {
  const { client, socket } = await serveOne({ closeReplyTimeout: 30 });
  const end = ended(socket);
  socket.pause();
  socket.close(1000);
  client.send(close(1000));
  expect((await end).code).toBe(1006);
});

test('terminate: the end at once, without a Close: 1006 and a cause', async () => {
  const { client, socket } = await pair();
  const end = ended(socket);
  socket.terminate();
  socket.terminate();
  const { code, cause } = await end;
  expect([code, cause?.message]).toEqual([1006, 'the connection was terminated by this end']);
  await client.end();
  expect(client.transcript()).toEqual([]);
});

test('bufferedAmount: what was sent in this turn, 0 once it was written', async () => {
  const { client, socket } = await pair();
  socket.send('12345');
  expect(socket.bufferedAmount).toBe(7);
  await client.received(1);
  expect(socket.bufferedAmount).toBe(0);
});

test('what one turn sends leaves in one segment', async () => {
  const { client, socket } = await pair();
  const before = client.length;
  const first = once(client.socket, 'data');
  for (let i = 0; i < 100; i++) socket.send(String(i % 10));
  expect((await first)[0].length).toBe(300);
  expect(client.length - before).toBe(300);
});

test('listeners by addListener, prependListener, once and prependOnceListener get what has waited', async () => {
  type Add = (socket: WebSocket, listener: (data: Buffer) => void) => unknown;
  const ways: Add[] = [
    (socket, listener) => socket.addListener('message', listener),
    (socket, listener) => socket.prependListener('message', listener),
    (socket, listener) => socket.once('message', listener),
    (socket, listener) => socket.prependOnceListener('message', listener),
  ];
  for (const add of ways) {
    const { client, socket } = await pair();
    await client.send(text('waiting'), { opcode: 9 }).received(1);
    const message = new Promise((resolve) => add(socket, (data) => resolve(String(data))));
    expect(await message).toBe('waiting');
  }
});
