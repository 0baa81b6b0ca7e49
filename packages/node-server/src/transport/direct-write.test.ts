import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { needs } from '@ws/runtimes';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';

// Also where the suite goes without.
const { writeDirectly } = await vi.importActual<typeof import('./direct-write.ts')>('./direct-write.ts');

const sockets: Socket[] = [];
afterAll(() => {
  for (const socket of sockets) socket.destroy();
});

/** A socket that a server has accepted, which was written to before and is not read, and its other end. */
async function pair(): Promise<[accepted: Socket, other: Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  const accepting = once(server, 'connection');
  await once(server, 'listening');
  const other = connect({ ...(server.address() as { port: number }), host: '127.0.0.1' });
  const [accepted] = (await accepting) as [Socket];
  server.close();
  sockets.push(accepted, other);
  // The first write of all shows what Node does, and the stream has to do it.
  const first = Buffer.from('a');
  if (writeDirectly(accepted, [first], NOBODY) === undefined) accepted.write(first);
  await once(other, 'data');
  return [accepted, other];
}

const NOBODY = { written: () => expect.unreachable() };

/** What comes until it is so much. */
async function read(socket: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let read = 0;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      read += chunk.length;
      if (read >= length) resolve();
    });
  });
  return Buffer.concat(chunks);
}

const handsOver = needs(
  Number.parseInt(process.versions.node, 10) < 26,
  'a Node that hands over a request with each write, which is any before 26',
);

describe('where Node hands a request over with each write', handsOver, () => {
  test('what the system takes at once is written when the call returns, whether it is one chunk or many', async () => {
    const [accepted, other] = await pair();
    const writes = vi.spyOn(Object.getPrototypeOf(accepted), '_write');
    onTestFinished(() => writes.mockRestore());
    const before = accepted.bytesWritten;
    const chunk = Buffer.from('one');
    expect(writeDirectly(accepted, [chunk], NOBODY)).toBe(true);
    chunk.fill('x');
    expect(writeDirectly(accepted, ['two', 'three', 'four'].map(Buffer.from as () => Buffer), NOBODY)).toBe(true);
    expect((await read(other, 15)).toString()).toBe('onetwothreefour');
    expect(accepted.bytesWritten - before).toBe(15);
    expect(writes).not.toHaveBeenCalled();
  });

  test.each([1, 3])(
    'what it does not take at once, in %i chunks, is written as it is read, and then told',
    async (count) => {
      const [accepted, other] = await pair();
      other.pause();
      const chunks = Array.from({ length: count }, (_, i) => Buffer.alloc(20_000_000 / count, i + 1));
      let told = 0;
      const written = new Promise<void>((resolve) => {
        expect(
          writeDirectly(accepted, chunks, {
            written() {
              told++;
              resolve();
            },
          }),
        ).toBe(false);
      });
      // What comes meanwhile goes behind it.
      expect(accepted.write('end')).toBe(true);
      const all = Buffer.concat([...chunks, Buffer.from('end')]);
      const received = read(other, all.length);
      other.resume();
      await written;
      expect((await received).equals(all)).toBe(true);
      expect(told).toBe(1);
      // The next one has a request of its own.
      const next = once(other, 'data');
      expect(writeDirectly(accepted, [Buffer.from('next')], NOBODY)).toBe(true);
      expect(String(await next)).toBe('next');
    },
  );

  test('of many writes to a reader that is slow, each is done or told of, also where the second attempt of the system takes it all', async () => {
    const [accepted, other] = await pair();
    const COUNT = 1000;
    const received = read(other, COUNT * 65_536);
    let later = 0;
    for (let i = 0; i < COUNT; i++) {
      await new Promise<void>((written) => {
        if (writeDirectly(accepted, [Buffer.alloc(65_536, i)], { written })) written();
        else later++;
      });
    }
    const bytes = await received;
    expect(later).toBeGreaterThan(0);
    expect(bytes.length).toBe(COUNT * 65_536);
    for (let i = 0; i < COUNT; i++) expect(bytes[i * 65_536 + (i % 65_536)]).toBe(i & 255);
  });

  test('a hook of node:async_hooks that writes in the middle of it has a request of its own', async () => {
    const [[accepted, other], [another, its]] = [await pair(), await pair()];
    other.pause();
    const hello = once(its, 'data');
    const inner: unknown[] = [];
    const hook = createHook({
      init: (_id, type) => {
        if (type === 'WRITEWRAP') inner.push(writeDirectly(another, [Buffer.from('hello')], NOBODY));
      },
    });
    const chunk = Buffer.alloc(20_000_000, 1);
    const written = new Promise<void>((resolve) => {
      hook.enable();
      try {
        expect(writeDirectly(accepted, [chunk], { written: resolve })).toBe(false);
      } finally {
        hook.disable();
      }
    });
    expect(inner).toEqual([true]);
    expect(String((await hello)[0])).toBe('hello');
    const received = read(other, chunk.length);
    other.resume();
    await written;
    expect((await received).equals(chunk)).toBe(true);
  });

  test('a socket that is gone is destroyed with the error of the system, at once or later', async () => {
    for (const under of [false, true]) {
      const [accepted, other] = await pair();
      other.pause();
      const failed = once(accepted, 'error');
      if (under) expect(writeDirectly(accepted, [Buffer.alloc(20_000_000)], NOBODY)).toBe(false);
      other.resetAndDestroy();
      await once(other, 'close');
      if (!under) while (writeDirectly(accepted, [Buffer.alloc(1)], NOBODY));
      const [error] = await failed;
      expect(error).toMatchObject({ syscall: 'write', code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
      expect(error.message).toBe(`write ${error.code}`);
      expect(accepted.destroyed).toBe(true);
    }
  });

  test('a socket that is destroyed in the middle of a write tells nobody of it', async () => {
    const [accepted, other] = await pair();
    other.pause();
    expect(writeDirectly(accepted, [Buffer.alloc(20_000_000)], NOBODY)).toBe(false);
    accepted.destroy();
    await once(accepted, 'close');
    for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate);
  });
});

test.each<[string, (socket: Socket) => void]>([
  ['has something in its queue', (socket) => void socket.write(Buffer.alloc(20_000_000))],
  ['is corked', (socket) => socket.cork()],
  ['has ended', (socket) => void socket.end()],
  ['is destroyed', (socket) => void socket.destroy()],
  ['has a time-out of the application', (socket) => void socket.setTimeout(60_000)],
  ['is watched', (socket) => void vi.spyOn(socket, 'write')],
  [
    'has another inside',
    (socket) => Object.assign((socket as never as { _handle: object })._handle, { writev: undefined }),
  ],
])('nothing is done where the socket %s', async (_, prepare) => {
  const [accepted] = await pair();
  prepare(accepted);
  const { bytesWritten } = accepted;
  expect(writeDirectly(accepted, [Buffer.from('x')], NOBODY)).toBeUndefined();
  expect(accepted.bytesWritten).toBe(bytesWritten);
});
