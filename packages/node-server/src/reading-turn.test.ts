import { expect, test } from 'vitest';
import { open } from './raw-client.suite.ts';
import { deferred, serve } from './serve.suite.ts';

test('a client whose messages take long gives way to the others after each read, and none of them is lost or late', async () => {
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
  // What a read of 64 KiB completes.
  expect(Math.max(...inTurn.filter((messages) => messages !== undefined))).toBeLessThanOrEqual(4);
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
