import { describe, expect, test } from 'vitest';
import { open } from './raw-client.suite.ts';
import { beginRead, endRead, readLittle } from './reading-turn.ts';
import { deferred, serve } from './serve.suite.ts';

test('a client whose messages take long gives way to the others in time, and none of them is lost or late', async () => {
  const COUNT = 64;
  let turn = 0;
  const inTurn: number[] = [];
  const received: number[] = [];
  const all = deferred();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => {
      inTurn[turn] = (inTurn[turn] ?? 0) + 1;
      received.push(data.readUInt8());
      const until = performance.now() + 1;
      while (performance.now() < until);
      if (received.length === COUNT) all.resolve();
    }),
  );
  const client = await open(port);
  let counting = true;
  const count = (): void => {
    turn++;
    if (counting) setImmediate(count);
  };
  count();
  client.send(...Array.from({ length: COUNT }, (_, i) => ({ opcode: 2, payload: Buffer.alloc(16_384, i) })));
  await all.promise;
  counting = false;
  expect(received).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  // Two milliseconds, and what a read of 64 KiB completes.
  expect(Math.max(...inTurn.filter((messages) => messages !== undefined))).toBeLessThanOrEqual(6);
});

test('a socket that gives way is not read on if the application has paused it meanwhile', async () => {
  const COUNT = 256;
  const received: number[] = [];
  const all = deferred();
  const checked = deferred();
  const { server, port } = await serve();
  server.on('connection', (socket, { socket: tcp }) => {
    const pauseForSomeTurns = async (): Promise<void> => {
      socket.pause();
      const before = tcp.bytesRead;
      for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
      // What a stream of Node reads ahead while it is paused.
      expect(tcp.bytesRead - before).toBeLessThanOrEqual(2 * 65_536);
      expect(received.length).toBeLessThan(COUNT);
      socket.resume();
    };
    socket.on('message', (data) => {
      received.push(data.readUInt8());
      const until = performance.now() + 1;
      while (performance.now() < until);
      if (received.length === COUNT) all.resolve();
      // Behind the end of the read, after which the socket gives way.
      if (received.length === 16) process.nextTick(() => pauseForSomeTurns().then(checked.resolve, checked.reject));
    });
  });
  const client = await open(port);
  client.send(...Array.from({ length: COUNT }, (_, i) => ({ opcode: 2, payload: Buffer.alloc(16_384, i) })));
  await Promise.all([all.promise, checked.promise]);
  expect(received).toEqual(Array.from({ length: COUNT }, (_, i) => i));
});

test('while somebody sends little, one of those who send much is read in a turn, if that takes long enough', async () => {
  const BULK = 8;
  const COUNT = 32;
  let turn = 0;
  let received = 0;
  const inTurn: number[] = [];
  const all = deferred();
  const { port } = await serve({}, (socket) =>
    socket.on('message', (data) => {
      if (data.length < 16_384) {
        socket.send(data);
        return;
      }
      received++;
      inTurn[turn] = (inTurn[turn] ?? 0) + 1;
      const until = performance.now() + 0.5;
      while (performance.now() < until);
      if (received === BULK * COUNT) all.resolve();
    }),
  );
  const count = (): void => {
    turn++;
    if (received < BULK * COUNT) setImmediate(count);
  };
  count();
  const little = await open(port);
  const bulk = await Promise.all(Array.from({ length: BULK }, () => open(port)));
  const payload = Buffer.alloc(16_384);
  for (const client of bulk) client.send(...Array.from({ length: COUNT }, () => ({ opcode: 2, payload })));
  const talk = async (): Promise<void> => {
    for (let count = 1; received < BULK * COUNT; count++) {
      little.send({ opcode: 2, payload: Buffer.from('hello') });
      await little.received(count);
    }
  };
  await Promise.all([talk(), all.promise]);
  const turns = inTurn.filter((messages) => messages !== undefined).sort((a, b) => a - b);
  // What a read of 64 KiB completes; all of them in one turn would be eight times as many.
  expect(turns[turns.length >> 1]).toBeLessThanOrEqual(5);
});

describe('who has read much', () => {
  const MILLISECOND = 1;
  const burn = (milliseconds: number): void => {
    const until = performance.now() + milliseconds;
    while (performance.now() < until);
  };

  /** So many read for a millisecond each. Resolves to how many went on in each turn after that, in their order. */
  async function giveWay(count: number, othersTake: number): Promise<{ wentOn: number[]; perTurn: number[] }> {
    let turn = 0;
    const wentOn: number[] = [];
    const perTurn: number[] = [];
    for (let i = 0; i < count; i++) {
      const began = beginRead();
      burn(MILLISECOND);
      const goOn = (): void => {
        wentOn.push(i);
        perTurn[turn] = (perTurn[turn] ?? 0) + 1;
      };
      if (!endRead(began, { goOn })) goOn();
    }
    while (wentOn.length < count) {
      burn(othersTake);
      turn++;
      await new Promise(setImmediate);
    }
    return { wentOn, perTurn: perTurn.filter((went) => went !== undefined) };
  }

  const inOrder = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  test('goes on in order, one after the other, while somebody sends little', async () => {
    readLittle();
    const { wentOn, perTurn } = await giveWay(10, 0);
    expect(wentOn).toEqual(inOrder(10));
    // One each, but for the turns in which the machine has stalled.
    expect(perTurn.length).toBeGreaterThan(6);
  });

  test('goes on after those who wait, however soon it was done', async () => {
    readLittle();
    const all = giveWay(10, 0);
    await new Promise(setImmediate);
    const last = deferred();
    expect(endRead(beginRead(), { goOn: () => last.resolve() })).toBe(true);
    await last.promise;
    expect((await all).wentOn).toEqual(inOrder(10));
  });

  test('goes on, several in a turn, where the others take long by themselves', async () => {
    readLittle();
    const { wentOn, perTurn } = await giveWay(10, 20);
    expect(wentOn).toEqual(inOrder(10));
    expect(perTurn.length).toBeLessThan(6);
  });

  test('goes on in the next turn while nobody sends little', async () => {
    // Until those who sent little are forgotten.
    for (let turn = 0; turn < 40; turn++) {
      endRead(beginRead(), { goOn() {} });
      await new Promise(setImmediate);
    }
    const { wentOn, perTurn } = await giveWay(10, 0);
    expect(wentOn).toEqual(inOrder(10));
    expect(perTurn.length).toBeLessThanOrEqual(2);
  });
});
