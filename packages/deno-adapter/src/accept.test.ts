import { upgradeRequest } from '@ws/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Conn } from './deno.ts';
import { AcceptPolicy, accept, type PolicyOptions } from './index.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets what promises lead to happen, and timers that are due. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await new Promise((resolve) => setImmediate(resolve));
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** A connection that a test moves by hand, and its handshake. */
class Manual implements Conn {
  readonly remoteAddr = undefined;
  readonly accepted: ReturnType<typeof accept>;
  readonly calls: string[] = [];
  writeFails = false;
  readonly #reads: { into: Uint8Array; resolve(length: number | null): void; reject(error: Error): void }[] = [];

  constructor(options: PolicyOptions | AcceptPolicy = {}, signal?: AbortSignal) {
    const policy = options instanceof AcceptPolicy ? options : new AcceptPolicy(options);
    this.accepted = accept(this, policy, { signal });
  }

  /** How many reads are under way. */
  get reads(): number {
    return this.#reads.length;
  }

  read(into: Uint8Array): Promise<number | null> {
    return new Promise((resolve, reject) => this.#reads.push({ into, resolve, reject }));
  }

  /** The client has sent something, or ended its half, or is gone. */
  async come(what: string | Uint8Array | null | Error): Promise<void> {
    await settle();
    const { into, resolve, reject } = this.#reads.shift()!;
    if (what === null) resolve(null);
    else if (what instanceof Error) reject(what);
    else {
      const bytes = typeof what === 'string' ? latin1(what) : what;
      into.set(bytes);
      resolve(bytes.length);
    }
    await settle();
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.writeFails) throw new Error('broken');
    this.calls.push(`write ${Buffer.from(bytes).toString('latin1').split('\r\n')[0]}`);
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    this.calls.push('closeWrite');
  }

  close(): void {
    this.calls.push('close');
    for (const { reject } of this.#reads.splice(0)) reject(new Error('closed'));
  }
}

const unavailable = ['write HTTP/1.1 503 Service Unavailable', 'closeWrite'];

test('given up before it has begun: a 503', async () => {
  const conn = new Manual({}, AbortSignal.abort());
  await settle();
  expect(conn.calls).toEqual(unavailable);
  // The read of the request, and that for the client's end.
  for (let i = 0; i < 2; i++) await conn.come(null);
  expect([await conn.accepted, conn.calls.at(-1), vi.getTimerCount()]).toEqual([undefined, 'close', 0]);
});

test('given up by the verdict itself: a 503, and nobody hears how the verdict fails', async () => {
  const giveUp = new AbortController();
  const authenticate = async () => {
    giveUp.abort();
    throw new Error('late');
  };
  const conn = new Manual({ authenticate }, giveUp.signal);
  await conn.come(upgradeRequest());
  expect(conn.calls).toEqual(unavailable);
});

test('a client that is gone before its request is whole: the connection is closed, without an answer', async () => {
  for (const end of [null, new Error('reset')]) {
    const conn = new Manual();
    await conn.come('GET / HTTP/1.1\r\n');
    await conn.come(end);
    expect([await conn.accepted, conn.calls, vi.getTimerCount()]).toEqual([undefined, ['close'], 0]);
  }
});

test('a client that is gone while its request is answered gets nothing, at once; one that has ended its half a 503', async () => {
  const never = () => new Promise<never>(() => {});
  const reset = new Manual({ authenticate: never, closeTimeout: 60_000 });
  await reset.come(upgradeRequest());
  await reset.come(new Error('reset'));
  expect([await reset.accepted, reset.calls, vi.getTimerCount()]).toEqual([undefined, ['close'], 0]);
  const plain = new Manual({ onRequest: never, closeTimeout: 60_000 });
  await plain.come('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await plain.come(new Error('reset'));
  expect([await plain.accepted, plain.calls, vi.getTimerCount()]).toEqual([undefined, ['close'], 0]);
  const ended = new Manual({ authenticate: never, closeTimeout: 60_000 });
  await ended.come(upgradeRequest());
  await ended.come(null);
  expect([await ended.accepted, ended.calls, vi.getTimerCount()]).toEqual([undefined, [...unavailable, 'close'], 0]);
});

test('once it is answered, no timer runs and no signal is listened to, also where the client had ended its half', async () => {
  const { signal } = new AbortController();
  const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
  let answer!: (response: Response) => void;
  const onRequest = () =>
    new Promise<Response>((resolve) => {
      answer = resolve;
    });
  const conn = new Manual({ onRequest, closeTimeout: 60_000 }, signal);
  await conn.come('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await conn.come(null);
  expect(conn.calls).toEqual([]);
  answer(new Response('later'));
  expect([await conn.accepted, conn.calls]).toEqual([undefined, ['write HTTP/1.1 200 ', 'closeWrite', 'close']]);
  expect([vi.getTimerCount(), remove.mock.calls[0]]).toEqual([0, add.mock.calls[0]]);
});

test('once the 101 is written, no timer runs, one read is under way at a time, and a signal ends nothing', async () => {
  const giveUp = new AbortController();
  const remove = vi.spyOn(giveUp.signal, 'removeEventListener');
  const conn = new Manual({ authenticate: async () => true, heartbeat: false }, giveUp.signal);
  await conn.come(upgradeRequest());
  const socket = await conn.accepted;
  expect([conn.calls, vi.getTimerCount()]).toEqual([['write HTTP/1.1 101 Switching Protocols'], 0]);
  for (let i = 0; i < 3; i++) {
    expect(conn.reads).toBe(1);
    await conn.come(Uint8Array.of(0x89, 0x80, 1, 2, 3, 4));
  }
  expect(conn.reads).toBe(1);
  expect(remove).toHaveBeenCalled();
  giveUp.abort();
  await settle();
  expect(socket!.state).toBe('open');
  socket!.terminate();
});

test('a 101 that cannot be written: the connection is closed, and its context is free for the next', async () => {
  const policy = new AcceptPolicy({ perMessageDeflate: { serverNoContextTakeover: false, maxTakeovers: 1 } });
  const request = upgradeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' });
  const gone = new Manual(policy);
  gone.writeFails = true;
  await gone.come(request);
  expect([await gone.accepted, gone.calls, vi.getTimerCount()]).toEqual([undefined, ['close'], 0]);
  const next = new Manual(policy);
  await next.come(request);
  const socket = await next.accepted;
  expect(socket!.extensions).toBe('permessage-deflate; client_no_context_takeover');
  socket!.terminate();
});
