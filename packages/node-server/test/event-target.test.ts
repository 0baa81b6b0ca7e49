import { expect, test } from 'vitest';
import type { BrowserEvents } from '../src/index.ts';
import type { WebSocket } from '../src/websocket.ts';
import { close, text } from './raw-client.suite.ts';
import { ended, type ServeOptions, serveOne } from './serve.suite.ts';
import { tooLong } from './too-long.suite.ts';
import { uncaught } from './uncaught.suite.ts';

async function pair(options?: ServeOptions) {
  const { client, socket } = await serveOne(options);
  /** Sends, and waits until that was read. */
  const send = async (...frames: Parameters<typeof client.send>) => {
    const { length } = client.transcript();
    await client.send(...frames, { opcode: 9 }).received(length + 1);
  };
  return { client, socket, send };
}

const binary = { opcode: 2, payload: Buffer.from([1, 2, 3, 4]) };

test('addEventListener: the events of browsers, for a function and for an object, each with the socket as its target', async () => {
  const { client, socket, send } = await pair();
  const seen: unknown[] = [];
  const record = ({ target, ...event }: BrowserEvents[keyof BrowserEvents]) => {
    expect(target).toBe(socket);
    seen.push(event);
  };
  for (const type of ['open', 'message', 'error', 'close'] as const) socket.addEventListener(type, record);
  const object = {
    told: 0,
    handleEvent() {
      this.told++;
    },
  };
  socket.addEventListener('message', object);
  await send(text('grüße'), binary);
  const end = ended(socket);
  client.send({ opcode: 3 });
  await client.end();
  await end;
  expect(object.told).toBe(2);
  const error = expect.objectContaining({ violation: 'reserved-opcode' });
  expect(seen).toEqual([
    { type: 'message', data: 'grüße' },
    { type: 'message', data: binary.payload },
    { type: 'error', error, message: expect.stringContaining('opcode') },
    { type: 'close', code: 1006, reason: '', wasClean: false },
  ]);
});

test('addEventListener: a clean close, with its reason', async () => {
  const { client, socket } = await pair();
  const closed = new Promise<BrowserEvents['close']>((resolve) => socket.addEventListener('close', resolve));
  client.send(close(4000, 'bye'));
  await client.end();
  expect(await closed).toMatchObject({ code: 4000, reason: 'bye', wasClean: true });
});

test('addEventListener: the same twice is once; once is once; null and other events are none; removed is gone', async () => {
  const { socket, send } = await pair();
  const seen: string[] = [];
  const twice = ({ data }: BrowserEvents['message']) => seen.push(`twice ${data}`);
  socket.addEventListener('message', twice);
  socket.addEventListener('message', twice);
  socket.addEventListener('message', ({ data }) => seen.push(`once ${data}`), { once: true });
  const removed = () => seen.push('removed');
  socket.addEventListener('message', removed, { once: true });
  socket.removeEventListener('message', removed);
  socket.addEventListener('message', null);
  socket.addEventListener('ping' as never, () => seen.push('ping'));
  socket.removeEventListener('message', () => {});
  await send(text('a'), text('b'));
  expect(seen).toEqual(['twice a', 'once a', 'twice b']);
  expect(() => socket.addEventListener('message', 'x' as never)).toThrow('a listener must be a function');
});

test('onmessage and the like: one for each event, beside the other listeners; null takes it back', async () => {
  const { client, socket, send } = await pair();
  const seen: string[] = [];
  expect([socket.onopen, socket.onmessage, socket.onclose, socket.onerror]).toEqual([null, null, null, null]);
  const handler = (event: BrowserEvents['message']) => seen.push(`first ${event.data}`);
  socket.onmessage = handler;
  // The same function by both ways is told twice, as in browsers.
  socket.addEventListener('message', handler);
  expect(socket.onmessage).toBe(handler);
  await send(text('a'));
  socket.onmessage = (event) => seen.push(`second ${event.data}`);
  await send(text('b'));
  socket.onmessage = null;
  expect(socket.onmessage).toBeNull();
  await send(text('c'));
  expect(seen).toEqual(['first a', 'first a', 'first b', 'second b', 'first c']);
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  client.send(close(1000));
  await client.end();
  expect(await closed).toBe(1000);
});

test('onmessage is a listener: messages that waited for one are delivered to it, and it is one of listeners()', async () => {
  const { socket, send } = await pair();
  await send(text('waits'));
  const data = await new Promise((resolve) => {
    socket.onmessage = (event) => resolve(event.data);
  });
  expect([data, socket.listenerCount('message')]).toEqual(['waits', 1]);
});

for (const [type, shown] of [
  ['nodebuffer', (data: unknown) => Buffer.isBuffer(data) && data.toJSON().data],
  ['arraybuffer', (data: unknown) => data instanceof ArrayBuffer && [...new Uint8Array(data)]],
  ['fragments', (data: unknown) => Array.isArray(data) && Buffer.isBuffer(data[0]) && data[0].toJSON().data],
  ['blob', (data: unknown) => data instanceof Blob && data.arrayBuffer().then((bytes) => [...new Uint8Array(bytes)])],
] as const) {
  test(`binaryType ${type}: for 'message', addEventListener and onmessage; text and iterations are as ever`, async () => {
    const { socket, send } = await pair();
    expect(socket.binaryType).toBe('nodebuffer');
    socket.binaryType = type;
    const seen: unknown[] = [];
    const listen = (on: WebSocket) => {
      on.on('message', (data, isBinary) => seen.push(isBinary ? shown(data) : [Buffer.isBuffer(data), String(data)]));
      on.addEventListener('message', ({ data }) => seen.push(typeof data === 'string' ? data : shown(data)));
    };
    // One that waits, and one that does not.
    await send(binary);
    listen(socket);
    await send(binary, text('x'));
    const bytes = [1, 2, 3, 4];
    expect(await Promise.all(seen)).toEqual([bytes, bytes, bytes, bytes, [true, 'x'], 'x']);
    socket.removeAllListeners('message');
    const next = socket[Symbol.asyncIterator]().next();
    await send(binary);
    expect((await next).value).toEqual({ data: binary.payload, isBinary: true });
  });
}

test('binaryType: what is none is a TypeError, and changes nothing', async () => {
  const { socket } = await pair();
  expect(() => {
    socket.binaryType = 'toString' as never;
  }).toThrow('binaryType must be nodebuffer, arraybuffer, fragments or blob, got toString');
  expect(socket.binaryType).toBe('nodebuffer');
});

test('binaryType arraybuffer: a buffer with the message and nothing else, however small it is', async () => {
  const { socket, send } = await pair();
  socket.binaryType = 'arraybuffer';
  const sizes: number[] = [];
  socket.onmessage = ({ data }) => sizes.push(data.byteLength);
  await send(...[0, 1, 64, 65, 5000, 70_000].map((length) => ({ opcode: 2, payload: Buffer.alloc(length) })));
  expect(sizes).toEqual([0, 1, 64, 65, 5000, 70_000]);
});

test('a text that is longer than a string may be closes with 1009; no listener is called, and the process hears nothing', async () => {
  const { errors } = uncaught();
  tooLong('too long');
  const { client, socket } = await pair();
  const seen: unknown[] = [];
  socket.addEventListener('message', ({ data }) => seen.push(data));
  socket.onmessage = ({ data }) => seen.push(data);
  const end = ended(socket);
  client.send(text('fits'), text('too long'), text('behind it'));
  await client.until(() => client.decoded().events.some(({ type }) => type === 'close'));
  await client.send(close(1009)).end();
  expect(client.transcript()).toEqual(['close 1009 ""']);
  expect(await end).toMatchObject({
    code: 1009,
    cause: { message: 'a text of 8 bytes is longer than a string may be', cause: { code: 'ERR_STRING_TOO_LONG' } },
  });
  expect(seen).toEqual(['fits', 'fits']);
  expect(errors).toEqual([]);
});
