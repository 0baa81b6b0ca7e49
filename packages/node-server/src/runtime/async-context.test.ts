import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { open, text } from '../../test/raw-client.suite.ts';
import { deferred, serve } from '../../test/serve.suite.ts';
import type { WebSocket } from '../websocket.ts';

const user = new AsyncLocalStorage<string>();

async function two(): Promise<{ sockets: [WebSocket, WebSocket]; clients: Awaited<ReturnType<typeof open>>[] }> {
  const sockets: WebSocket[] = [];
  const both = deferred();
  const { port } = await serve({}, (socket) => sockets.push(socket) === 2 && both.resolve());
  const clients = [await open(port), await open(port)];
  await both.promise;
  return { sockets: sockets as [WebSocket, WebSocket], clients };
}

test('a callback finds the AsyncLocalStorage of who has sent, and not of another connection', async () => {
  const { sockets } = await two();
  const found: (string | undefined)[] = [];
  const all = deferred();
  const told = (): void => void (found.push(user.getStore()) === 8 && all.resolve());
  for (const [i, socket] of sockets.entries()) {
    user.run(`user ${i}`, () => {
      socket.send('a', told);
      socket.send('b', {}, told);
      socket.ping('c', told);
      socket.pong('d', false, told);
    });
  }
  await all.promise;
  expect(found.filter((name) => name === 'user 0').length).toBe(4);
  expect(found.filter((name) => name === 'user 1').length).toBe(4);
});

test('a message is never delivered in the AsyncLocalStorage of another connection', async () => {
  const { sockets, clients } = await two();
  for (const client of clients) client.send(text('x'));
  // They wait for a listener.
  for (const client of clients) await client.send({ opcode: 9 }).received(1);
  const found: [number, string | undefined][] = [];
  const all = deferred();
  for (const [i, socket] of sockets.entries()) {
    user.run(`user ${i}`, () => {
      socket.on('message', () => void (found.push([i, user.getStore()]) === 2 && all.resolve()));
    });
  }
  await all.promise;
  for (const [i, name] of found) expect([undefined, `user ${i}`]).toContain(name);
});

test('what serves all connections is nobody’s, also where it is loaded in the middle of a request', async () => {
  vi.resetModules();
  const { forAll } = await user.run('first', () => import('./async-context.ts'));
  expect(user.run('second', () => forAll(() => user.getStore()))).toBeUndefined();
});

test('a callback that is null is none, as in ws; one that is no function is a TypeError', async () => {
  const { sockets } = await two();
  expect(sockets[0].send('x', {}, null as never)).toBe(true);
  expect(() => sockets[0].send('x', {}, 5 as never)).toThrow('callback must be a function, got number');
});

test('what a callback keeps is given back: who follows async_hooks hears of its end', async () => {
  const alive = new Set<number>();
  const hook = createHook({
    init: (id, type) => void (type === '@ws/node-server' && alive.add(id)),
    destroy: (id) => void alive.delete(id),
  }).enable();
  onTestFinished(() => void hook.disable());
  const { sockets } = await two();
  for (let i = 0; i < 100; i++) await new Promise<void>((resolve) => sockets[0].send('x', () => resolve()));
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // Node tells of it in a turn of its own.
  for (let turns = 0; alive.size > 10 && turns < 1000; turns++) {
    gc();
    await new Promise(setImmediate);
  }
  expect(alive.size).toBeLessThanOrEqual(10);
});
