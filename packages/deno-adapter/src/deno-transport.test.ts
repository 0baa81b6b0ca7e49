import type { Driver } from '@ws/connection';
import { expect, test, vi } from 'vitest';
import type { Conn } from './deno.ts';
import { DenoTransport } from './deno-transport.ts';

/** Lets what promises lead to happen. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A connection that a test moves by hand, and the driver of its transport: both write down what they are asked. */
class Manual implements Conn {
  readonly remoteAddr = undefined;
  readonly calls: string[] = [];
  readonly transport: DenoTransport;
  /** Ends the read, or the write or end of ours, that is under way. */
  #read: { into: Uint8Array; resolve(length: number | null): void; reject(error: Error): void } | undefined;
  finish: (outcome: number | Error) => void = () => {};
  /** What the driver does with a chunk. */
  received: () => void = () => {};
  throws = false;

  constructor(begun?: Promise<Uint8Array<ArrayBuffer> | null>) {
    this.transport = new DenoTransport(this, begun);
    const driver = {
      received: (chunk: Uint8Array) => {
        this.calls.push(`received ${chunk.length}`);
        this.received();
      },
      receivedEnd: () => this.calls.push('receivedEnd'),
      written: () => this.calls.push('written'),
      lost: (error?: Error) => this.calls.push(`lost: ${error?.message}`),
    };
    this.transport.connect(driver as Partial<Driver> as Driver);
  }

  read(into: Uint8Array): Promise<number | null> {
    this.calls.push(`read ${into.length}`);
    return new Promise((resolve, reject) => {
      this.#read = { into, resolve, reject };
    });
  }

  /** The peer has sent so many bytes, or ended its half, or the system has failed. */
  async come(what: number | null | Error): Promise<void> {
    await settle();
    if (what instanceof Error) this.#read!.reject(what);
    else this.#read!.resolve(what);
    await settle();
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.throws) throw new Error('thrown');
    this.calls.push(`write ${bytes.join(' ')}`);
    return this.#outcome();
  }

  async closeWrite(): Promise<void> {
    this.calls.push('closeWrite');
    await this.#outcome();
  }

  close(): void {
    this.calls.push('close');
  }

  setNoDelay(noDelay: boolean): void {
    this.calls.push(`setNoDelay ${noDelay}`);
  }

  /** The calls since they were last asked for. */
  async told(): Promise<string[]> {
    await settle();
    return this.calls.splice(0);
  }

  #outcome(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.finish = (outcome) => (typeof outcome === 'number' ? resolve(outcome) : reject(outcome));
    });
  }
}

test('Nagle’s algorithm is off, and it reads at once', async () => {
  expect(await new Manual().told()).toEqual(['setNoDelay true', 'read 2048']);
});

test('paused, it reads nothing, also if it was resumed in between; what was read before that is told at once', async () => {
  const conn = new Manual();
  conn.received = () => conn.transport.pause();
  await conn.come(5);
  expect((await conn.told()).slice(2)).toEqual(['received 5']);
  conn.transport.resume();
  conn.transport.pause();
  expect(await conn.told()).toEqual([]);
  conn.transport.resume();
  expect(await conn.told()).toEqual(['read 2048']);
  const early = new Manual(Promise.resolve(new Uint8Array(7)));
  early.transport.pause();
  expect(await early.told()).toEqual(['setNoDelay true', 'received 7']);
  early.transport.resume();
  expect(await early.told()).toEqual(['read 2048']);
});

test('a connection that fills its memory gets more, and less again after 32 short reads in a row', async () => {
  const conn = new Manual();
  const next = async (length: number) => {
    conn.calls.length = 0;
    await conn.come(length);
    return (await conn.told()).at(-1);
  };
  expect(await next(2047)).toBe('read 2048');
  expect(await next(2048)).toBe('read 65536');
  for (let i = 0; i < 31; i++) expect(await next(1024)).toBe('read 65536');
  expect(await next(1025)).toBe('read 65536');
  for (let i = 0; i < 31; i++) expect(await next(1)).toBe('read 65536');
  expect(await next(1)).toBe('read 2048');
});

test('destroyed, it tells that when the call has returned, once, and nothing that comes after it', async () => {
  for (const what of [5, null, new Error('late')]) {
    const conn = new Manual();
    await conn.told();
    conn.transport.destroy(new Error('enough'));
    expect(conn.calls).toEqual([]);
    conn.transport.destroy();
    expect(await conn.told()).toEqual(['close', 'lost: enough']);
    await conn.come(what);
    expect(await conn.told()).toEqual([]);
  }
});

test('a failed read is the end, and its error is told', async () => {
  const conn = new Manual();
  await conn.told();
  await conn.come(new Error('reset'));
  expect(await conn.told()).toEqual(['close', 'lost: reset']);
});

test('what a write has left over is written next, of one chunk and of several', async () => {
  const conn = new Manual();
  await conn.told();
  expect(conn.transport.write([Uint8Array.of(1, 2, 3)])).toBe(false);
  conn.finish(1);
  await settle();
  conn.finish(2);
  expect(await conn.told()).toEqual(['write 1 2 3', 'write 2 3', 'written']);
  expect(conn.transport.write([Uint8Array.of(1, 2), Uint8Array.of(3)])).toBe(false);
  for (const outcome of [1, 1, 1]) {
    await settle();
    conn.finish(outcome);
  }
  expect(await conn.told()).toEqual(['write 1 2', 'write 2', 'write 3', 'written']);
});

test('a write that fails or throws is the end, told when the call has returned, and is not told as done', async () => {
  for (const chunks of [[Uint8Array.of(1)], [Uint8Array.of(1), Uint8Array.of(2)]]) {
    const conn = new Manual();
    await conn.told();
    conn.transport.write(chunks);
    conn.finish(new Error('broken'));
    expect(await conn.told()).toEqual(['write 1', 'close', 'lost: broken']);
    const other = new Manual();
    await other.told();
    other.throws = true;
    expect(other.transport.write(chunks)).toBe(false);
    expect(other.calls).toEqual([]);
    expect(await other.told()).toEqual(['close', 'lost: thrown']);
  }
});

test('it is closed when both halves have ended, whichever ends first', async () => {
  const conn = new Manual();
  await conn.told();
  conn.transport.end();
  conn.finish(0);
  expect(await conn.told()).toEqual(['closeWrite']);
  await conn.come(null);
  expect(await conn.told()).toEqual(['receivedEnd', 'close', 'lost: undefined']);
  const other = new Manual();
  await other.told();
  await other.come(null);
  expect(await other.told()).toEqual(['receivedEnd']);
  other.transport.end();
  other.finish(0);
  expect(await other.told()).toEqual(['closeWrite', 'close', 'lost: undefined']);
});

test('an end of ours that fails is an error only as long as the peer has not ended its half', async () => {
  const conn = new Manual();
  await conn.told();
  conn.transport.end();
  conn.finish(new Error('not connected'));
  expect(await conn.told()).toEqual(['closeWrite', 'close', 'lost: not connected']);
  const other = new Manual();
  await other.come(null);
  await other.told();
  other.transport.end();
  other.finish(new Error('not connected'));
  expect(await other.told()).toEqual(['closeWrite', 'close', 'lost: undefined']);
});

test('64 KiB in a millisecond or more let all others go first, and then as much may come again', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const conn = new Manual();
    // All at once is no matter.
    for (const length of [2048, 65_536]) {
      await conn.come(length);
      expect(conn.calls.splice(0).at(-1)).toBe('read 65536');
    }
    now = 1;
    await conn.come(10);
    expect(conn.calls.splice(0)).toEqual(['received 10']);
    expect(await conn.told()).toEqual(['read 65536']);
    await conn.come(65_536);
    expect(conn.calls.splice(0)).toEqual(['received 65536', 'read 65536']);
    now = 2;
    await conn.come(10);
    conn.transport.pause();
    expect(await conn.told()).toEqual(['received 10']);
    conn.transport.resume();
    expect(await conn.told()).toEqual(['read 65536']);
    now = 3;
    await conn.come(10);
    expect(conn.calls.splice(0)).toEqual(['received 10', 'read 65536']);
    await settle();
  } finally {
    vi.restoreAllMocks();
  }
});
