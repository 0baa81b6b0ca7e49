import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers';
import { rawFrame } from '@ws/testkit';
import { AcceptPolicy, NotSentError, ProtocolError, type ServerWebSocket, type SocketEnd, serve } from './index.ts';
import { close, Peer, start, text, textLine, upgradeRequest } from './peer.suite.ts';

const { test } = Deno;

/** The first socket that a server gets. */
function accepting<C>() {
  const { promise, resolve } = Promise.withResolvers<ServerWebSocket<C>>();
  return { socket: promise, handler: (socket: ServerWebSocket<C>) => resolve(socket) };
}

/** A connection of another server: what it does in the meantime is the measure of a while, and no clock. */
class Elsewhere implements AsyncDisposable {
  readonly #server = start();
  readonly #peer = Peer.open(this.#server.port);
  #trips = 0;

  /** So many messages there and back, or fewer if that is enough. */
  async trips(count: number, enough: () => boolean = () => false): Promise<void> {
    const peer = await this.#peer;
    for (let i = 0; i < count && !enough(); i++) {
      await peer.send(text('x'));
      await peer.received(++this.#trips);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#peer)[Symbol.asyncDispose]();
    await this.#server.close();
  }
}

test('messages of every kind and length come back, in order, whatever their fragments', async () => {
  await using server = start();
  await using peer = await Peer.open(server.port);
  await peer.send(
    text('a'),
    { opcode: 2, payload: Uint8Array.of(0, 255) },
    { opcode: 1, fin: false, payload: new TextEncoder().encode('fragm') },
    { opcode: 9, payload: Uint8Array.of(1) },
    { opcode: 0, payload: new TextEncoder().encode('ents') },
    text(''),
  );
  const expected = [textLine('a'), 'message opcode=2 rsv=0 2:00ff', textLine('fragments'), textLine('')];
  const lines = await peer.received(5);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('message')),
    expected,
  );
  assert.deepEqual(
    lines.filter((line) => line.startsWith('pong')),
    ['pong 1:01'],
  );
  for (const length of [125, 126, 65_535, 65_536, 1_000_000]) {
    await using other = await Peer.open(server.port);
    await Promise.all([
      other.send({ opcode: 2, payload: new Uint8Array(length).fill(length) }),
      other.until(() => other.length >= length),
    ]);
    const [line] = await other.received(1);
    assert.ok(line!.startsWith(`message opcode=2 rsv=0 ${length}:`), line!.slice(0, 80));
  }
});

const VIOLATIONS: [name: string, code: number, frame: Parameters<Peer['send']>[0]][] = [
  ['unmasked', 1002, { opcode: 1, payload: Uint8Array.of(65), maskingKey: undefined }],
  ['reserved opcode', 1002, { opcode: 3 }],
  ['reserved bit', 1002, { opcode: 1, rsv1: true }],
  ['length in a longer form than it needs', 1002, { opcode: 1, payload: Uint8Array.of(65), lengthForm: 16 }],
  ['fragmented ping', 1002, { opcode: 9, fin: false }],
  ['continuation of nothing', 1002, { opcode: 0 }],
  ['no UTF-8', 1007, { opcode: 1, payload: Uint8Array.of(0xc0, 0x80) }],
  ['too long, by its header alone', 1009, { opcode: 2, declaredLength: 1001, lengthForm: 16 }],
  ['close code 1005', 1002, close(1005)],
  ['close with one byte', 1002, { opcode: 8, payload: Uint8Array.of(3) }],
];

for (const [name, code, frame] of VIOLATIONS) {
  test(`violation: ${name}: Close ${code}, the cause says what and where, and messages before it are delivered`, async () => {
    const got: string[] = [];
    const ended = Promise.withResolvers<unknown>();
    await using server = start({ maxPayload: 1000 }, async (socket) => {
      try {
        for await (const { data } of socket) got.push(String(data));
      } catch (error) {
        ended.resolve(error);
      }
    });
    await using peer = await Peer.open(server.port);
    // The last one is behind the violation, and the rest of it never read.
    await peer.send(text('before'), frame, text('behind'));
    const lines = await peer.end();
    assert.deepEqual(
      lines.map((line) => line.slice(0, 10)),
      [`close ${code}`],
    );
    const error = await ended.promise;
    assert(error instanceof ProtocolError);
    assert.equal(error.closeCode, code);
    assert.ok(error.offset >= 12);
    assert.deepEqual(got, ['before']);
  });
}

test('for await: what was read of a client before its reset is delivered, and then the cause thrown', async () => {
  const count = 200;
  const [began, gone] = [Promise.withResolvers<ServerWebSocket>(), Promise.withResolvers<void>()];
  const got: unknown[] = [];
  const thrown = Promise.withResolvers<unknown>();
  await using server = start({}, async (socket) => {
    try {
      for await (const { data } of socket) {
        got.push(data);
        began.resolve(socket);
        await gone.promise;
      }
    } catch (error) {
      thrown.resolve(error);
    }
  });
  const client = connect(server.port, '127.0.0.1');
  client.on('error', () => {});
  // Each counts as 384 bytes more, so that the queue of the loop is full before the last. They are one read.
  const frames = Array.from({ length: count }, (_, i) => rawFrame({ maskingKey: 0x37fa213d, ...text(String(i)) }));
  client.write(upgradeRequest());
  client.once('data', () => client.write(new Uint8Array(frames.flatMap((frame) => [...frame]))));
  const socket = await began.promise;
  client.resetAndDestroy();
  // Who does not read finds out by writing.
  while (socket.state === 'open') {
    void socket.ping();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(server.clients.size, 1);
  await assert.rejects(socket.send('too late'), NotSentError);
  gone.resolve();
  assert.equal(await thrown.promise, (await socket.closed).cause);
  assert.deepEqual(
    got,
    Array.from({ length: count }, (_, i) => String(i)),
  );
});

/** How a server's socket has ended, after what the peer does. */
async function closing(
  act: (peer: Peer, socket: ServerWebSocket) => Promise<void>,
  options = {},
): Promise<{ info: SocketEnd; lines: string[] }> {
  const { socket, handler } = accepting();
  await using server = start({ closeTimeout: 200, closeReplyTimeout: 200, ...options }, handler);
  await using peer = await Peer.open(server.port);
  await act(peer, await socket);
  const info = await (await socket).closed;
  assert.equal((await socket).state, 'closed');
  return { info, lines: peer.transcript() };
}

test('closing: the client begins, and its code comes back; the server ends the stream first', async () => {
  const { info, lines } = await closing(async (peer) => {
    await peer.send(close(4000, 'bye'));
    await peer.end();
  });
  assert.deepEqual([info, lines], [{ code: 4000, reason: 'bye', cause: undefined }, ['close 4000 ""']]);
});

test('closing: the server begins; what the client still sends is delivered until its Close', async () => {
  const got: unknown[] = [];
  const { info, lines } = await closing(async (peer, socket) => {
    const reading = (async () => {
      for await (const { data } of socket) got.push(data);
    })();
    void socket.close(3001, 'enough');
    assert.equal(socket.state, 'closing');
    await assert.rejects(socket.send('not any more'), NotSentError);
    await peer.received(1);
    await peer.send(text('late'), close(3001));
    await peer.end();
    await reading;
  });
  assert.deepEqual([info.code, lines, got], [3001, ['close 3001 "enough"'], ['late']]);
});

test('closing: both at once', async () => {
  const { info, lines } = await closing(async (peer, socket) => {
    const [closed] = await Promise.all([socket.close(1000), peer.send(close(1001)), peer.end()]);
    assert.equal(closed.code, 1001);
  });
  assert.deepEqual([info.code, lines], [1001, ['close 1000 ""']]);
});

test('closing: an end of stream without a Close is 1006', async () => {
  const { info } = await closing(async (peer) => {
    await peer.conn.closeWrite();
    await peer.end();
  });
  assert.equal(info.code, 1006);
  assert.match(info.cause!.message, /without a Close/);
});

test('closing: a client that is cut off is 1006', async () => {
  const { info } = await closing(async (peer) => peer.conn.close());
  assert.equal(info.code, 1006);
});

test('closing: a client that never answers our Close is cut off after closeReplyTimeout', async () => {
  const { info } = await closing(async (_peer, socket) => void socket.close(1000), { closeReplyTimeout: 20 });
  assert.equal(info.code, 1006);
  assert.match(info.cause!.message, /not answered our Close for 20 ms/);
});

test('closing: a client that never ends its stream is cut off after closeTimeout, and the close was clean', async () => {
  const { info } = await closing(async (peer) => peer.send(close(1000)), { closeTimeout: 20 });
  assert.deepEqual(info, { code: 1000, reason: '', cause: undefined });
});

test('closing: terminate ends at once, without a Close', async () => {
  const { info, lines } = await closing(async (_peer, socket) => {
    socket.terminate();
    await assert.rejects(socket.send('x'), NotSentError);
  });
  assert.deepEqual([info.code, lines], [1006, []]);
});

test('closing lingers: the Close of a violation arrives at a client that is still sending megabytes', async () => {
  for (let i = 0; i < 10; i++) {
    await using server = start();
    await using peer = await Peer.open(server.port);
    const sending = (async () => {
      await peer.send({ opcode: 3 });
      const megabyte = new Uint8Array(1_000_000);
      for (let sent = 0; sent < 5; sent++) await peer.write(megabyte);
    })();
    await peer.received(1);
    await sending;
    assert.deepEqual(
      (await peer.end()).map((line) => line.slice(0, 10)),
      ['close 1002'],
    );
  }
});

test('backpressure: send waits for a client that does not read, and goes on with it', async () => {
  for (const length of [4000, 100_000]) {
    const { socket, handler } = accepting();
    await using server = start({}, handler);
    await using peer = await Peer.open(server.port);
    await using elsewhere = new Elsewhere();
    const sender = await socket;
    let sent = 0;
    let waiting: Promise<unknown> | undefined;
    // Until nothing moves: the system's memory is full, and 64 KiB or one message wait.
    while (waiting === undefined) {
      let granted = false;
      const room = sender.send(new Uint8Array(length)).then(() => (granted = true));
      sent++;
      await Promise.resolve().then(() => {});
      await elsewhere.trips(50, () => granted);
      if (!granted) waiting = room;
      assert.ok(sent < 20_000);
    }
    assert.ok(sender.bufferedAmount >= 65_536 && sender.bufferedAmount <= 120_000, String(sender.bufferedAmount));
    await peer.until(() => peer.length >= sent * length);
    await waiting;
    assert.equal(sender.bufferedAmount, 0);
  }
});

test('sent data of up to 48 KiB is the caller’s again at once, and the client gets what it was', async () => {
  const { socket, handler } = accepting();
  await using server = start({}, handler);
  await using peer = await Peer.open(server.port);
  const sender = await socket;
  const data = new Uint8Array(49_152).fill(1);
  await sender.send(data);
  assert.ok(sender.bufferedAmount >= data.length, 'nothing has left yet');
  data.fill(2);
  await sender.send(new Uint8Array(49_153));
  assert.equal(sender.bufferedAmount, 0);
  const [first] = await peer.received(2);
  assert.ok(first!.endsWith(` 49152:${'01'.repeat(49_152)}`), first!.slice(0, 100));
});

test('backpressure: whoever waits for room is told when the connection ends', async () => {
  const { socket, handler } = accepting();
  await using server = start({}, handler);
  const peer = await Peer.open(server.port);
  const sender = await socket;
  const sends = Array.from({ length: 200 }, () => sender.send(new Uint8Array(100_000)));
  peer.conn.close();
  await assert.rejects(sends.at(-1)!, NotSentError);
  assert.equal((await sender.closed).code, 1006);
});

test('backpressure: with 64 MiB that the client does not read, a send is refused and the connection closes with 1013', async () => {
  const { socket, handler } = accepting();
  await using server = start({}, handler);
  await using peer = await Peer.open(server.port);
  const sender = await socket;
  const data = new Uint8Array(1_048_576);
  const results: Promise<unknown>[] = [];
  while (sender.state === 'open' && results.length < 100) results.push(sender.send(data).catch((error) => error));
  const last = await results.at(-1);
  assert.ok(last instanceof NotSentError && last.code === 'overflow', String(last));
  assert.equal(results.length, 65);
  await peer.until(() => peer.transcript().some((line) => line.startsWith('close 1013')));
  await peer.send(close(1013));
  await peer.end();
});

test("maxBufferedAmount and overflow: 'drop': what is sent beyond it is refused, and the connection goes on", async () => {
  const { socket, handler } = accepting();
  await using server = start({ maxBufferedAmount: 1000, overflow: 'drop' }, handler);
  await using peer = await Peer.open(server.port);
  const sender = await socket;
  const results: Promise<unknown>[] = [];
  // The system takes some; what it does not take waits.
  const data = new Uint8Array(8 * 1_048_576);
  for (let i = 0; i < 3; i++) results.push(sender.send(data).catch((error) => error));
  const last = await results.at(-1);
  assert.ok(last instanceof NotSentError && last.code === 'overflow', String(last));
  assert.equal(sender.state, 'open');
  await peer.until(() => peer.length >= data.length);
});

test('a client that has gone silent is pinged, and cut off', async () => {
  const { socket, handler } = accepting();
  await using server = start({ heartbeat: { interval: 20, timeout: 20 } }, handler);
  await using silent = await Peer.open(server.port);
  const { code, cause } = await (await socket).closed;
  assert.equal(code, 1006);
  assert.match(cause!.message, /has not answered a ping for 20 ms/);
  assert.deepEqual((await silent.received(1))[0]!.slice(0, 6), 'ping 9');
});

test('a connection without messages is closed with 1001 after idleTimeout', async () => {
  await using server = start({ heartbeat: false, idleTimeout: 20 });
  await using peer = await Peer.open(server.port);
  assert.match((await peer.received(1))[0]!, /^close 1001/);
  await peer.send(close(1001));
  await peer.end();
});

test('backpressure: with 64 KiB of messages that nobody has asked for, reading stops; asked for, all of them come', async () => {
  const { socket, handler } = accepting();
  await using server = start({}, handler);
  await using peer = await Peer.open(server.port);
  const receiver = await socket;
  const frame = { opcode: 2, payload: new Uint8Array(50_000) };
  let written = 0;
  const total = 1000;
  const writing = (async () => {
    for (; written < total; written++) await peer.send(frame);
    await peer.send(close(1000));
  })();
  // TCP has taken what it takes: nothing moves any more.
  await using elsewhere = new Elsewhere();
  for (let before = -1; before !== written; ) {
    before = written;
    await elsewhere.trips(50);
  }
  assert.ok(written < total, `${written} of ${total} are written`);
  let got = 0;
  for await (const { data, isBinary } of receiver) {
    assert.ok(isBinary && data.length === 50_000);
    got++;
  }
  await writing;
  assert.equal(got, total);
  await peer.end();
});

test('wrong data is a TypeError at once, and nothing is sent', async () => {
  const { socket, handler } = accepting();
  await using server = start({}, handler);
  await using peer = await Peer.open(server.port);
  const sender = await socket;
  for (const wrong of [1, null, undefined, {}, []]) assert.throws(() => sender.send(wrong as never), TypeError);
  assert.throws(() => sender.send(Uint8Array.of(0xff), { binary: false }), TypeError);
  assert.throws(() => sender.ping(new Uint8Array(126)), RangeError);
  assert.throws(() => sender.close(1005), RangeError);
  await sender.ping('p');
  await sender.send('right');
  assert.deepEqual(await peer.received(2), ['ping 1:70', textLine('right')]);
});

test('a handler that throws or rejects: 1011, and onError is told; the others go on', async () => {
  const errors: unknown[] = [];
  const handlers = [
    () => {
      throw new Error('at once');
    },
    async (socket: ServerWebSocket) => {
      for await (const { data } of socket) throw new Error(String(data));
    },
  ];
  for (const handler of handlers) {
    await using server = start({ onError: (error) => void errors.push((error as Error).message) }, handler);
    await using peer = await Peer.open(server.port);
    await peer.send(text('later'));
    assert.deepEqual(await peer.received(1), ['close 1011 ""']);
    await peer.send(close(1011));
    await peer.end();
  }
  assert.deepEqual(errors, ['at once', 'later']);
});

test('a loop that ends with its connection is no error of the handler', async () => {
  const errors: unknown[] = [];
  await using server = start({ onError: (error) => void errors.push(error) });
  await using peer = await Peer.open(server.port);
  await peer.send({ opcode: 3 });
  await peer.end();
  await server.close();
  assert.deepEqual(errors, []);
});

test('a send that goes nowhere is no error of the handler', async () => {
  const errors: unknown[] = [];
  const tried = Promise.withResolvers<void>();
  const server = start({ onError: (error) => void errors.push(error) }, async (socket) => {
    await socket.closed;
    tried.resolve();
    await socket.send('too late');
  });
  await using peer = await Peer.open(server.port);
  peer.conn.close();
  await tried.promise;
  await server.close();
  assert.deepEqual(errors, []);
});

test('await using a socket: it is closed with 1000 when the block is left', async () => {
  await using server = start({}, async (socket) => {
    await using own = socket;
    for await (const { data } of own) if (data === 'enough') return;
  });
  await using peer = await Peer.open(server.port);
  await peer.send(text('enough'));
  assert.deepEqual(await peer.received(1), ['close 1000 ""']);
  await peer.send(close(1000));
  await peer.end();
});

test('a signal closes the server and its connections with 1001; so does close, with any code', async () => {
  const controller = new AbortController();
  for (const [stop, code] of [
    [() => controller.abort(), 1001],
    [(server: ReturnType<typeof start>) => server.close(4001, 'why'), 4001],
  ] as const) {
    const server = start({ signal: code === 1001 ? controller.signal : undefined });
    await using peer = await Peer.open(server.port);
    assert.equal(server.clients.size, 1);
    const stopped = stop(server);
    assert.deepEqual(
      (await peer.received(1)).map((line) => line.slice(0, 10)),
      [`close ${code}`],
    );
    await assert.rejects(Peer.connect(server.port));
    await peer.send(close(code));
    await peer.end();
    await server.finished;
    await stopped;
    assert.equal(server.clients.size, 0);
  }
  assert.throws(() => start({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.throws(() => start({ signal: AbortSignal.abort(new Error('not today')) }), /not today/);
});

test('wrong options are said at once, by name', () => {
  const wrong: [object, RegExp][] = [
    [{ port: '1' }, /port must be a number/],
    [{ port: 65_536 }, /port must be an integer/],
    [{ path: 'x' }, /path must be a string that starts/],
    [{ maxPayload: -1 }, /maxPayload/],
    [{ handshakeTimeout: 2 ** 31 }, /handshakeTimeout/],
    [{ closeTimeout: '1' }, /closeTimeout/],
    [{ closeReplyTimeout: Number.NaN }, /closeReplyTimeout/],
    [{ perMessageDeflate: 1 }, /perMessageDeflate/],
    [{ perMessageDeflate: { level: 10 } }, /level/],
    [{ perMessageDeflate: { concurrencyLimit: 0 } }, /concurrencyLimit/],
    [{ hostname: 1 }, /hostname must be a string, got number/],
    [{ hostname: null }, /hostname must be a string, got null/],
    [{ cert: 1, key: 'x' }, /cert must be a string, got number/],
    [{ cert: 'x', key: new Uint8Array(1) }, /key must be a string, got object/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ signal: null }, /signal must be an AbortSignal/],
    [{ onListen: true }, /onListen must be a function, got boolean/],
    [{ onError: null }, /onError must be a function, got null/],
    [{ headLimits: { maxHeadByte: 5 } }, /headLimits has no option "maxHeadByte"/],
    [{ onRefused: 'x' }, /onRefused must be a function, got string/],
    [{ headLimits: null }, /headLimits must be an object, got null/],
    [{ headLimits: 16_384 }, /headLimits must be an object, got number/],
    [{ authenticate: true }, /authenticate must be a function/],
    [{ allowedOrigins: ['example.com'] }, /is not an origin/],
    [{ subprotocols: ['a', 'a'] }, /subprotocols/],
    [{ headLimits: { maxHeadBytes: -1 } }, /maxHeadBytes/],
    [{ cert: 'x' }, /cert and key/],
    [{ heartbeat: 1 }, /heartbeat/],
    [{ idleTimeout: 0 }, /idleTimeout/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => start(options as never), { name: /TypeError|RangeError/, message });
  }
  for (const options of [undefined, null, 8080, () => {}]) {
    assert.throws(() => serve(options as never, () => {}), /^TypeError: serve\(\) takes options and a handler/);
  }
  assert.throws(() => serve({ port: 0 }, undefined as never), /^TypeError: serve\(\) takes options and a handler/);
  assert.throws(() => new AcceptPolicy(null as never), /^TypeError: options must be an object, got null/);
});

test('a client that sends much, and whose messages take long, lets all others go first', async () => {
  const COUNT = 64;
  let turn = 0;
  let received = 0;
  const inTurn = new Map<number, number>();
  const all = Promise.withResolvers<void>();
  await using server = start({}, async (socket) => {
    for await (const { data } of socket) {
      assert.equal(data[0], received++);
      inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
      const until = performance.now() + 1;
      while (performance.now() < until);
      if (received === COUNT) all.resolve();
    }
  });
  const count = (): void => {
    turn++;
    if (received < COUNT) setImmediate(count);
  };
  count();
  await using peer = await Peer.open(server.port);
  const payloads = Array.from({ length: COUNT }, (_, i) => new Uint8Array(60_000).fill(i));
  const sent = peer.send(...payloads.map((payload) => ({ opcode: 2, payload })));
  await Promise.all([sent, all.promise]);
  // What two reads complete, and what waits meanwhile.
  assert.ok(Math.max(...inTurn.values()) <= 4, `${[...inTurn.values()]}`);
});
