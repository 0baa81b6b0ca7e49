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
