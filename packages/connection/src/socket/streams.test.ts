import { ProtocolError } from '@ws/codec';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, flat, peerBytes, text } from '../endpoint.suite.ts';
import {
  type ByteReader,
  type ByteWriter,
  type Extension,
  Heartbeat,
  NotSentError,
  openStreams,
  SendMemory,
  type Socket,
  type SocketOptions,
  StreamsTransport,
} from '../index.ts';
import { ManualStreams, pipe, settle, sockets } from './streams.suite.ts';

/** Has all that is under way, and what comes then, written. */
async function finishAll(streams: ManualStreams, socket: Socket): Promise<void> {
  await settle();
  while (socket.bufferedAmount > 0) {
    streams.finish();
    await settle();
  }
}

describe('a client and a server over two streams', () => {
  test('echo, and the client closes: both are told, with nothing left to wait for', async () => {
    const [client, server] = sockets();
    const echo = async () => {
      for await (const { data } of server) await server.send(data);
    };
    const echoed = echo();
    const answers: unknown[] = [];
    await client.send('grüße');
    await client.send(new Uint8Array(100_000).fill(7));
    for await (const { data, isBinary } of client) {
      answers.push(isBinary ? data.every((byte) => byte === 7) && data.length : data);
      if (answers.length === 2) break;
    }
    expect(answers).toEqual(['grüße', 100_000]);
    // Section 7.1.5: the code of the first Close, whoever sent it; its reason is the peer's own.
    expect(await client.close(4000, 'enough')).toEqual({ code: 4000, reason: '', cause: undefined });
    expect(await server.closed).toEqual({ code: 4000, reason: 'enough', cause: undefined });
    await echoed;
    expect([client.state, server.state, client.bufferedAmount]).toEqual(['closed', 'closed', 0]);
  });

  test('the server closes; a message behind its Close is a rejection for whoever waits, and nothing for who does not', async () => {
    const [client, server] = sockets();
    for (const data of [null, undefined, 7]) {
      expect(() => client.send(data as never)).toThrow(/^data must be a string, .*, got (null|undefined|number)$/);
    }
    expect(() => client.ping('x'.repeat(126))).toThrow(RangeError);
    expect(() => client.send('x', null as never)).toThrow('options must be an object');
    const ended = server.close(1001);
    server.send('nobody waits');
    const [waits, pings] = [server.send('somebody waits'), server.ping()];
    await expect(waits).rejects.toThrow('the connection is closing: nothing can be sent');
    await expect(waits).rejects.toBeInstanceOf(NotSentError);
    await expect(pings).rejects.toThrow('nothing can be sent');
    expect(() => server.send(7 as never)).toThrow(TypeError);
    expect(() => client.send(7 as never)).toThrow(TypeError);
    for (const data of [null, undefined]) {
      for (const socket of [client, server]) expect(() => socket.send(data as never)).toThrow('data must be a string');
    }
    expect((await client.closed).code).toBe(1001);
    expect((await ended).code).toBe(1001);
  });

  test('whatever is sent, however the streams cut it: all of it is heard, in order', async () => {
    const messages = fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 70_000 })));
    const property = fc.asyncProperty(messages, messages, fc.integer({ min: 1, max: 300 }), async (one, other, cut) => {
      const change = (chunk: Uint8Array): Uint8Array[] => [chunk.subarray(0, cut), chunk.subarray(cut)];
      const [client, server] = sockets({}, { change });
      const hear = async (socket: AsyncIterable<{ data: unknown }>) => {
        const heard: unknown[] = [];
        for await (const { data } of socket) heard.push(data);
        return heard;
      };
      const heard = [hear(server), hear(client)];
      for (const message of one) client.send(message);
      for (const message of other) await server.send(message);
      // The peer's messages may be on their way: a loop that runs still gets them.
      client.close(1000);
      expect(await Promise.all(heard)).toEqual([one, other]);
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test('a violation is the cause at its end, and 1006', async () => {
    const [streams, peer] = pipe();
    const socket = openStreams(streams, { role: 'server', runtime: globalThis });
    const writer = peer.writable.getWriter();
    const reader = peer.readable.getReader();
    writer.write(peerBytes('server', text('a'), { opcode: 3 }));
    const heard: unknown[] = [];
    const loop = async () => {
      for await (const { data } of socket) heard.push(data);
    };
    const looped = expect(loop()).rejects.toBeInstanceOf(ProtocolError);
    expect((await reader.read()).value).toEqual(Uint8Array.of(0x88, 2, 3, 0xea));
    expect((await reader.read()).done).toBe(true);
    await writer.close();
    await looped;
    expect(heard).toEqual(['a']);
    expect(await socket.closed).toMatchObject({ code: 1006, cause: { violation: 'reserved-opcode' } });
    const refused = { code: 'not-open', cause: { violation: 'reserved-opcode' } };
    for (const unsent of [socket.send('late'), socket.ping()]) await expect(unsent).rejects.toMatchObject(refused);
  });

  test('pings and pongs are told, and a ping is answered', async () => {
    const told: string[] = [];
    const tell = (what: string) => (payload: Uint8Array) => told.push(`${what} ${Buffer.from(payload)}`);
    const [client, server] = sockets({ ping: tell('ping'), pong: tell('pong') });
    await client.ping('a');
    await server.ping();
    await client.send('b');
    for await (const { data } of server) {
      expect(data).toBe('b');
      break;
    }
    await client.close();
    expect(told.sort()).toEqual(['ping ', 'ping a', 'pong ', 'pong a']);
  });
});

test('a loop that is left early leaves the messages behind it for the next', async () => {
  const streams = new ManualStreams();
  const socket = openStreams(streams, { role: 'server', runtime: globalThis });
  streams.input.enqueue(peerBytes('server', text('a'), text('b'), text('c')));
  await settle();
  const heard: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    for await (const { data } of socket) {
      heard.push(data);
      break;
    }
  }
  expect(heard).toEqual(['a', 'b', 'c']);
});

test('the end of what is read is told once, however often it is resumed', async () => {
  const streams = new ManualStreams();
  const transport = new StreamsTransport(streams);
  let ends = 0;
  transport.connect({ receivedEnd: () => ends++ } as never);
  streams.input.close();
  await settle();
  transport.pause();
  transport.resume();
  await settle();
  expect(ends).toBe(1);
});

describe('backpressure', () => {
  test('reads only while its messages are asked for', async () => {
    const streams = new ManualStreams();
    const socket = openStreams(streams, { role: 'server', runtime: globalThis });
    await settle();
    const message = peerBytes('server', { opcode: 2, payload: new Uint8Array(40_000) });
    const pulls = () => streams.calls.filter((call) => call === 'pull').length;
    expect(pulls()).toBe(1);
    streams.input.enqueue(message);
    await settle();
    expect(pulls()).toBe(2);
    streams.input.enqueue(message);
    await settle();
    // Over 64 KiB wait: nothing more is read.
    expect(pulls()).toBe(2);
    const messages = socket[Symbol.asyncIterator]();
    await messages.next();
    await messages.next();
    await settle();
    expect(pulls()).toBe(3);
  });

  test('one read at a time: however often it is paused and resumed meanwhile, one chunk comes after a pause', async () => {
    const streams = new ManualStreams();
    const transport = new StreamsTransport(streams);
    const received: Uint8Array[] = [];
    transport.connect({ received: (chunk: Uint8Array) => received.push(chunk) } as never);
    for (let i = 0; i < 3; i++) {
      transport.pause();
      transport.resume();
    }
    transport.pause();
    for (let i = 0; i < 3; i++) streams.input.enqueue(Uint8Array.of(i));
    await settle();
    expect(received).toEqual([Uint8Array.of(0)]);
    transport.resume();
    await settle();
    expect(received).toHaveLength(3);
  });

  test('one write at a time; what comes after it waits, and send says so', async () => {
    const streams = new ManualStreams();
    const socket = openStreams(streams, { role: 'server', runtime: globalThis });
    const done: string[] = [];
    socket.send('a').then(() => done.push('a'));
    socket.send('b').then(() => done.push('b'));
    await settle();
    expect([streams.written.length, done]).toEqual([1, ['a', 'b']]);
    const large = socket.send(new Uint8Array(5000)).then(() => done.push('large'));
    for (let i = 0; i < 3; i++) socket.send('x'.repeat(30_000));
    const room = socket.send('c').then(() => done.push('c'));
    await settle();
    expect([streams.written.length, done]).toEqual([1, ['a', 'b']]);
    expect(socket.bufferedAmount).toBeGreaterThan(95_000);
    await finishAll(streams, socket);
    await Promise.all([large, room]);
    expect(done).toEqual(['a', 'b', 'large', 'c']);
    expect(socket.bufferedAmount).toBe(0);
  });
});

describe('data is the caller’s again', () => {
  const plain: Extension = { rsv: 0x40, decode: (payload) => payload, encode: () => undefined };
  test.each<[string, Partial<SocketOptions>, number]>([
    ['by itself', {}, 4096],
    ['with memory that copies more', { sendMemory: new SendMemory({ copyUpTo: 20_000 }) }, 20_000],
    ['and an extension', { sendMemory: new SendMemory({ copyUpTo: 20_000 }), extensions: [plain] }, 4096],
  ])('%s: at once or when it is written', async (_name, options, most) => {
    const streams = new ManualStreams();
    const socket = openStreams(streams, { role: 'server', runtime: globalThis, ...options });
    const done: number[] = [];
    for (const length of [most, most + 1]) {
      const data = new Uint8Array(length).fill(1);
      void socket.send(data).then(() => {
        done.push(length);
        data.fill(2);
      });
      await settle();
    }
    expect(done).toEqual([most]);
    expect(streams.written.length).toBe(1);
    expect(
      flat(streams.written)
        .subarray(4)
        .every((byte) => byte === 1),
    ).toBe(true);
    while (socket.bufferedAmount > 0) {
      streams.finish();
      await settle();
    }
    expect(done).toEqual([most, most + 1]);
  });
});

describe('ends', () => {
  const open = (options = {}) => {
    const streams = new ManualStreams();
    return { streams, socket: openStreams(streams, { role: 'server', runtime: globalThis, ...options }) };
  };

  test('closes the writable once both Closes are written, and reads to the end', async () => {
    const { streams, socket } = open();
    await settle();
    streams.input.enqueue(peerBytes('server', closeFrame(1000)));
    await settle();
    expect(streams.calls).toEqual(['pull', 'pull', 'write']);
    streams.finish();
    await settle();
    expect(streams.calls.at(-1)).toBe('close');
    streams.finish();
    await settle();
    let ended = false;
    socket.closed.then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    streams.input.close();
    expect(await socket.closed).toEqual({ code: 1000, reason: '', cause: undefined });
    expect(streams.calls).toEqual(['pull', 'pull', 'write', 'close']);
  });

  test('what overflow refuses is a rejection, of the message and of whoever waits for room', async () => {
    const { streams, socket } = open({ maxBufferedAmount: 100_000, overflow: 'drop' });
    const room = socket.send('x'.repeat(100_000));
    await expect(socket.send('dropped')).rejects.toMatchObject({ name: 'NotSentError', code: 'overflow' });
    await expect(socket.ping('dropped')).rejects.toMatchObject({ code: 'overflow' });
    expect(socket.state).toBe('open');
    // Where the connection goes on, so does the wait.
    await finishAll(streams, socket);
    await room;
    const closing = open({ maxBufferedAmount: 100_000 });
    const waits = closing.socket.send('x'.repeat(100_000));
    await expect(closing.socket.send('over')).rejects.toMatchObject({ code: 'overflow' });
    await expect(waits).rejects.toMatchObject({ code: 'overflow' });
    expect(closing.socket.state).toBe('closing');
  });

  test('who waits for room waits until there is some, each time anew, or the connection has ended', async () => {
    const { streams, socket } = open();
    const long = 'x'.repeat(70_000);
    for (let i = 0; i < 2; i++) {
      let done = false;
      const waits = socket.send(long).then(() => {
        done = true;
      });
      await settle();
      expect(done).toBe(false);
      await finishAll(streams, socket);
      await waits;
    }
    const waits = socket.send(long);
    const cause = new Error('by hand');
    socket.terminate(cause);
    await expect(waits).rejects.toMatchObject({ name: 'NotSentError', code: 'ended', message: 'by hand', cause });
  });

  test('terminated, it gives none of the messages that wait', async () => {
    const { streams, socket } = open();
    streams.input.enqueue(peerBytes('server', text('waits')));
    await settle();
    // Nobody waits for room, either.
    socket.send('x'.repeat(70_000));
    socket.terminate(new Error('by hand'));
    await expect(socket[Symbol.asyncIterator]().next()).rejects.toThrow('by hand');
  });

  test('terminate aborts, cancels and closes, also while a write is stuck', async () => {
    const { streams, socket } = open();
    socket.send('stuck');
    await settle();
    const waits = expect(socket.send(new Uint8Array(70_000))).rejects.toThrow(
      expect.objectContaining({ name: 'NotSentError', message: 'by hand', cause: expect.any(Error) }),
    );
    socket.terminate(new Error('by hand'));
    expect(await socket.closed).toMatchObject({ code: 1006, cause: { message: 'by hand' } });
    await waits;
    expect(streams.calls.slice(-2)).toEqual(['cancel: undefined', 'close both']);
    streams.finish();
    await settle();
    expect(streams.calls.at(-1)).toBe('abort: undefined');
    expect([streams.readable.locked, socket.state]).toEqual([true, 'closed']);
  });

  test('the error of either stream is the cause, told once; the other stream ends', async () => {
    const reading = open();
    await settle();
    reading.streams.input.error(new Error('no more to read'));
    expect(await reading.socket.closed).toMatchObject({ code: 1006, cause: { message: 'no more to read' } });
    expect(reading.streams.calls).toContain('abort: no more to read');
    await expect(reading.socket[Symbol.asyncIterator]().next()).rejects.toThrow('no more to read');

    const writing = open();
    writing.socket.send('a');
    await settle();
    writing.streams.finish(new Error('no more to write'));
    expect(await writing.socket.closed).toMatchObject({ code: 1006, cause: { message: 'no more to write' } });
    expect(writing.streams.calls).toContain('cancel: no more to write');
  });

  /** More messages than a queue takes, a loop that is busy with the first, and then the loss of the streams. */
  async function losing(body: (socket: Socket) => Promise<unknown>, options: Partial<SocketOptions> = {}) {
    const texts = Array.from({ length: 300 }, (_, i) => String(i));
    const streams = new ManualStreams();
    const socket = openStreams(streams, { role: 'server', runtime: globalThis, ...options });
    const got: unknown[] = [];
    const loop = async () => {
      for await (const { data } of socket) {
        got.push(data);
        await body(socket);
      }
    };
    const over = loop().catch((error) => error);
    streams.input.enqueue(peerBytes('server', ...texts.map(text)));
    void socket.send('being written');
    await settle();
    streams.finish(new Error('reset'));
    return { socket, got, texts, over };
  }

  test('with the loss, a send that waits in a loop is told, the loop gets what was read, and then the cause', async () => {
    const refused: unknown[] = [];
    const { socket, got, texts, over } = await losing((socket) =>
      socket.send('x'.repeat(70_000)).catch(({ code }) => refused.push(code)),
    );
    expect(await over).toBe((await socket.closed).cause);
    expect(got).toEqual(texts);
    expect(refused).toEqual(texts.map((_, i) => (i === 0 ? 'ended' : 'not-open')));
  });

  test('with the loss, a loop that waits for the end of a close in it does not wait for itself', async () => {
    const { socket, got } = await losing((socket) => socket.close(), { closeReplyTimeout: 1 });
    expect((await socket.closed).code).toBe(1006);
    expect(got[0]).toBe('0');
  });

  test('with the loss, a loop that was left is waited for as long as a Close would be; what it has not left is there', async () => {
    const { socket, got, texts } = await losing(() => Promise.reject(new Error('left')), { closeReplyTimeout: 1 });
    expect((await socket.closed).code).toBe(1006);
    const later = async () => {
      for await (const { data } of socket) got.push(data);
    };
    await expect(later()).rejects.toThrow('reset');
    expect(got.length).toBeGreaterThan(100);
    expect(got).toEqual(texts.slice(0, got.length));
  });

  /** Streams made by hand: the peer's Close, and its end. */
  const handMade = (changed: Partial<ByteReader & ByteWriter>) => {
    const chunks = [peerBytes('server', closeFrame(4000))];
    const read = async () => ({ done: chunks.length === 0, value: chunks.shift() });
    const method = async () => {};
    const both = { read, cancel: method, write: method, close: method, abort: method, ...changed };
    return openStreams(
      { readable: { getReader: () => both }, writable: { getWriter: () => both } },
      { role: 'server', runtime: globalThis },
    );
  };

  test.each(['read', 'write', 'close'] as const)('a %s that throws at once ends the connection', async (name) => {
    const socket = handMade({
      [name]() {
        throw new Error('made by hand');
      },
    });
    const end = name === 'read' ? { code: 1006, cause: new Error('made by hand') } : { code: 4000 };
    expect(await socket.closed).toMatchObject(end);
  });

  test.each(['write', 'close'] as const)('a %s that gives no promise is done', async (name) => {
    const socket = handMade({ [name]: () => {} });
    await socket.send('x'.repeat(70_000));
    expect(await socket.closed).toEqual({ code: 4000, reason: '', cause: undefined });
  });

  test('a read that gives no promise is done, and ends the connection if it gives nothing', async () => {
    const chunks = [peerBytes('server', closeFrame(4000))];
    const atOnce = handMade({ read: () => ({ done: chunks.length === 0, value: chunks.shift() }) as never });
    expect(await atOnce.closed).toEqual({ code: 4000, reason: '', cause: undefined });
    const nothing = handMade({ read: () => undefined as never });
    expect(await nothing.closed).toMatchObject({ code: 1006, cause: expect.any(TypeError) });
  });

  test.each(['abort', 'cancel'] as const)('%s may throw at once, or give no promise', async (name) => {
    const methods = [
      () => {},
      () => {
        throw new Error('made by hand');
      },
    ];
    for (const method of methods) {
      const socket = handMade({ [name]: method, read: () => new Promise(() => {}) });
      socket.terminate(new Error('by hand'));
      expect(await socket.closed).toMatchObject({ code: 1006, cause: { message: 'by hand' } });
    }
  });

  test('a reason that is no Error becomes one', async () => {
    const { streams, socket } = open();
    await settle();
    streams.input.error('a string');
    expect((await socket.closed).cause?.message).toBe('a stream has failed: a string');
  });

  test('a writable that cannot be closed is the cause', async () => {
    const { streams, socket } = open();
    streams.input.enqueue(peerBytes('server', { opcode: 3 }));
    await settle();
    streams.finish();
    await settle();
    expect(streams.calls.at(-1)).toBe('close');
    streams.finish(new Error('cannot close'));
    expect(await socket.closed).toMatchObject({ code: 1006, cause: { violation: 'reserved-opcode' } });
    expect(streams.calls).toContain('cancel: cannot close');
  });

  test('a peer that keeps its half open is cut off after closeTimeout', async () => {
    const { streams, socket } = open({ closeTimeout: 5 });
    streams.input.enqueue(peerBytes('server', closeFrame(1000)));
    await settle();
    streams.finish();
    await settle();
    streams.finish();
    expect(await socket.closed).toEqual({ code: 1000, reason: '', cause: undefined });
    expect(streams.calls.slice(-2)).toEqual(['cancel: undefined', 'close both']);
  });

  test('after our Close, messages that nobody asks for do not stand before the peer’s', async () => {
    const { streams, socket } = open();
    const message = peerBytes('server', { opcode: 2, payload: new Uint8Array(70_000) });
    await settle();
    streams.input.enqueue(message);
    await settle();
    socket.close(1000);
    for (let i = 0; i < 3; i++) {
      streams.input.enqueue(message);
      await settle();
    }
    streams.input.enqueue(peerBytes('server', closeFrame(1000)));
    streams.input.close();
    await settle();
    streams.finish();
    await settle();
    streams.finish();
    expect((await socket.closed).code).toBe(1000);
  });

  test('what came with the head of the handshake comes first', async () => {
    const early = peerBytes('server', text('first'));
    const { streams, socket } = open({ early });
    await settle();
    streams.input.enqueue(peerBytes('server', text('second')));
    const heard: unknown[] = [];
    for await (const { data } of socket) if (heard.push(data) === 2) break;
    expect(heard).toEqual(['first', 'second']);
  });

  test('locked streams are a TypeError', () => {
    const streams = new ManualStreams();
    openStreams(streams, { role: 'server', runtime: globalThis });
    expect(() => openStreams(streams, { role: 'server', runtime: globalThis })).toThrow(TypeError);
  });

  test.each<[string, Partial<Record<keyof SocketOptions, unknown>>, string]>([
    ['a time limit', { closeTimeout: 'x' }, 'closeTimeout'],
    ['what came with the head', { early: 'abc' }, 'early must be an ArrayBuffer or a view of one, got string'],
    ['a runtime without timers', { runtime: {} }, 'runtime must have the methods setTimeout, clearTimeout'],
    ['a client’s without random numbers', { role: 'client', runtime: { setTimeout, clearTimeout } }, 'getRandomValues'],
  ])('a wrong option leaves the streams as they were: %s', (_, options, words) => {
    const streams = new ManualStreams();
    const heartbeat = new Heartbeat({}, { after: () => () => {}, defer() {} });
    const make = () => openStreams(streams, { role: 'server', runtime: globalThis, heartbeat, ...options } as never);
    expect(make).toThrow(words);
    expect(make).toThrow(TypeError);
    expect([streams.readable.locked, streams.writable.locked, heartbeat.size]).toEqual([false, false, 0]);
  });

  test('a locked writable leaves the readable as it was', () => {
    const streams = new ManualStreams();
    streams.writable.getWriter();
    expect(() => new StreamsTransport(streams)).toThrow(TypeError);
    expect(streams.readable.locked).toBe(false);
  });

  test.each(['text', undefined, null, 5, {}])(
    'a readable that gives %o ends the connection, and that is the cause',
    async (chunk) => {
      const { streams, socket } = open();
      await settle();
      streams.input.enqueue(chunk as never);
      const { code, cause } = await socket.closed;
      const got = chunk === null ? 'null' : typeof chunk;
      expect(code).toBe(1006);
      expect(cause).toEqual(
        new TypeError(`what a readable stream gives must be an ArrayBuffer or a view of one, got ${got}`),
      );
      await settle();
      expect(streams.calls).toContain(`cancel: ${cause?.message}`);
    },
  );

  test('an ArrayBuffer and any view of one are chunks', async () => {
    const { streams, socket } = open();
    const bytes = peerBytes('server', text('a'));
    for (const chunk of [bytes.buffer, new Int8Array(bytes.buffer), new DataView(bytes.buffer)]) {
      await settle();
      streams.input.enqueue(chunk as never);
    }
    const heard: unknown[] = [];
    for await (const { data } of socket) if (heard.push(data) === 3) break;
    expect(heard).toEqual(['a', 'a', 'a']);
  });
});
