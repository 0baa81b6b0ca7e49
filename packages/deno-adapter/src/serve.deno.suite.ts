/** The server: how it is made, what it does with the errors of its handlers, and how it ends. */
import assert from 'node:assert/strict';
import { NotSentError, type ServerWebSocket } from './index.ts';
import { close, Peer, start, text, textLine } from './peer.suite.ts';

const { test } = Deno;

/** Has the connections of the servers that are made while it is there wait before they write. */
class HeldWrites implements Disposable {
  readonly #listen = Deno.listen;
  readonly #begun = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  /** A write is waiting. */
  readonly begun: Promise<void> = this.#begun.promise;

  constructor() {
    const listen = (options: Deno.TcpListenOptions): Deno.TcpListener => {
      const listener = this.#listen(options);
      const accept = listener.accept.bind(listener);
      return Object.assign(listener, { accept: async () => this.#hold(await accept()) });
    };
    Object.assign(Deno, { listen });
  }

  #hold(conn: Deno.TcpConn): Deno.TcpConn {
    const write = conn.write.bind(conn);
    return Object.assign(conn, {
      write: async (bytes: Uint8Array<ArrayBuffer>) => {
        this.#begun.resolve();
        await this.#released.promise;
        return write(bytes);
      },
    });
  }

  release(): void {
    this.#released.resolve();
  }

  [Symbol.dispose](): void {
    Object.assign(Deno, { listen: this.#listen });
  }
}

test('closed while a 101 is being written: that socket closes as well, with the same code and reason', async () => {
  for (const stop of [
    (server: ReturnType<typeof start>) => server.close(4001, 'why'),
    // It closes what a shutdown has let go on, and the first one says how.
    (server: ReturnType<typeof start>) => {
      void server.shutdown();
      void server.close(4001, 'why');
      return server.close(4002);
    },
  ]) {
    using held = new HeldWrites();
    const server = start();
    await using peer = await Peer.request(server.port);
    await held.begun;
    const finished = stop(server);
    held.release();
    assert.deepEqual(await peer.received(1), ['close 4001 "why"']);
    await peer.send(close(4001));
    await peer.end();
    await finished;
  }
});

test('a signal that is aborted while a 101 is being written closes that socket with 1001', async () => {
  using held = new HeldWrites();
  const controller = new AbortController();
  const server = start({ signal: controller.signal });
  await using peer = await Peer.request(server.port);
  await held.begun;
  controller.abort();
  held.release();
  assert.deepEqual(await peer.received(1), ['close 1001 ""']);
  await peer.send(close(1001));
  await peer.end();
  await server.finished;
});

test('a shutdown while a 101 is being written lets that socket go on', async () => {
  using held = new HeldWrites();
  const server = start();
  await using peer = await Peer.request(server.port);
  await held.begun;
  const finished = server.shutdown();
  held.release();
  await peer.send(text('still open'));
  assert.deepEqual(await peer.received(1), [textLine('still open')]);
  await peer.send(close(1000));
  await peer.end();
  await finished;
});

test('close: a code or a reason that may not be sent is said also where there are no clients, and nothing closes', async () => {
  await using server = start();
  assert.throws(() => server.close(5), RangeError);
  assert.throws(() => server.close(1000, 'x'.repeat(124)), RangeError);
  assert.throws(() => server.close('1000' as never), TypeError);
  await using peer = await Peer.open(server.port);
  await peer.send(text('still open'));
  assert.deepEqual(await peer.received(1), [textLine('still open')]);
});

test('a send to another that is not open any more is an error of the handler: its connection closes with 1011', async () => {
  const errors: unknown[] = [];
  const first = Promise.withResolvers<ServerWebSocket>();
  await using server = start({ onError: (error) => void errors.push(error) }, async (socket) => {
    first.resolve(socket);
    const other = await first.promise;
    for await (const { data } of socket) await other.send(data);
  });
  await using other = await Peer.open(server.port);
  const { closed } = await first.promise;
  other.conn.close();
  await closed;
  await using peer = await Peer.open(server.port);
  await peer.send(text('to the other'));
  assert.deepEqual(await peer.received(1), ['close 1011 ""']);
  await peer.send(close(1011));
  await peer.end();
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof NotSentError);
});

/** Keeps what is reported to the whole process meanwhile, and rejections that nobody has heard. */
class Reported implements Disposable {
  readonly errors: unknown[] = [];
  readonly #first = Promise.withResolvers<void>();
  readonly first: Promise<void> = this.#first.promise;

  constructor() {
    addEventListener('error', this.#keep);
    addEventListener('unhandledrejection', this.#keep);
  }

  readonly #keep = (event: ErrorEvent | PromiseRejectionEvent): void => {
    event.preventDefault();
    this.errors.push('reason' in event ? ['unhandled', event.reason] : event.error);
    this.#first.resolve();
  };

  [Symbol.dispose](): void {
    removeEventListener('error', this.#keep);
    removeEventListener('unhandledrejection', this.#keep);
  }
}

test('onError and onRefused that throw are reported, once', async () => {
  const thrown = new Error('of the hook');
  const hook = () => {
    throw thrown;
  };
  for (const line of ['GET / HTTP/1.1', 'POST / HTTP/1.1']) {
    using reported = new Reported();
    await using server = start({ onError: hook, onRefused: hook }, () => Promise.reject(new Error('of the handler')));
    await using peer = await Peer.request(server.port, {}, line);
    await peer.response();
    await peer.send(close(1000));
    await peer.end();
    await reported.first;
    await server.close();
    assert.deepEqual(reported.errors, [thrown]);
  }
});

test('a name that is no option is warned of, once', async () => {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  try {
    for (let servers = 0; servers < 2; servers++) {
      await using server = start({ allowedOrigin: ['https://example.com'], onError() {} } as never);
      assert.ok(server.port > 0);
    }
  } finally {
    console.warn = warn;
  }
  assert.deepEqual(
    warnings.map((text) => text.split(';')[0]),
    ['@ws/deno-adapter has no option "allowedOrigin", and ignores it'],
  );
});

test('onListen is told the address; what it throws is thrown, and nothing listens then', async () => {
  const told = Promise.withResolvers<number | undefined>();
  const onListen = ({ port }: { readonly port?: number }) => {
    told.resolve(port);
    throw new Error('of onListen');
  };
  assert.throws(() => start({ onListen }), /of onListen/);
  await assert.rejects(Peer.connect((await told.promise)!), Deno.errors.ConnectionRefused);
});

test('a signal that is aborted by onListen closes the server', async () => {
  const controller = new AbortController();
  const server = start({ signal: controller.signal, onListen: () => controller.abort() });
  await server.finished;
});
