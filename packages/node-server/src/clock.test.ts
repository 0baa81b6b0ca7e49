import { expect, test } from 'vitest';
import { clock } from './clock.ts';
import { uncaught } from './uncaught.suite.ts';

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
