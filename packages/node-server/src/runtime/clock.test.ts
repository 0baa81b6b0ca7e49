import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { uncaught } from '../../test/uncaught.suite.ts';
import { clock } from './clock.ts';

test('H6: what throws (a stream of the application, say) is heard by the process, and all that others have deferred runs', async () => {
  const { errors } = uncaught();
  const ran: string[] = [];
  const thrown = [new Error('first'), new Error('second')];
  await new Promise<void>((resolve) => {
    clock.defer(() => ran.push('a'));
    for (const error of thrown) {
      clock.defer(() => {
        throw error;
      });
    }
    clock.defer(() => ran.push('b'));
    clock.defer(resolve);
  });
  expect(ran).toEqual(['a', 'b']);
  expect(errors).toEqual(thrown);
});

test.each([
  [63, ['deferred', 'next turn']],
  [64, ['next turn', 'deferred']],
])('what %i have deferred runs at the end of this turn, or of the next one if they are many', async (count, order) => {
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    // What is set in the check phase of this turn runs in that of the next.
    setImmediate(() => setImmediate(() => ran.push('next turn')));
    for (let i = 1; i < count; i++) clock.defer(() => {});
    clock.defer(() => ran.push('deferred'));
    setImmediate(() => setImmediate(() => setImmediate(resolve)));
  });
  expect(ran).toEqual(order);
});

test('a timer lets the sockets be read first, and can be stopped until then', async () => {
  const ran: string[] = [];
  const { port1, port2 } = new MessageChannel();
  port2.on('message', () => ran.push('read'));
  // In the check phase: the timers come before the sockets then.
  await new Promise(setImmediate);
  port1.postMessage('');
  const acted = new Promise<void>((resolve) => clock.after(1, () => resolve(void ran.push('timer'))));
  const stop = clock.after(1, () => ran.push('stopped'));
  // Runs right behind the others.
  setTimeout(stop, 1);
  const until = performance.now() + 5;
  while (performance.now() < until);
  await acted;
  port1.close();
  expect(ran).toEqual(['read', 'timer']);
});
