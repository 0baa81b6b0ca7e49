import { expect, test } from 'vitest';
import { closeFrame } from '../endpoint.suite.ts';
import { NotSentError } from '../index.ts';
import { type Bench, useBenches } from './test-transport.suite.ts';

const newBench = useBenches();

/** What the callbacks of some sends were told, in this order. */
function told(bench: Bench): { errors: (Error | undefined)[]; send: (data: string) => boolean } {
  const errors: (Error | undefined)[] = [];
  return { errors, send: (data) => bench.driver.send(data, {}, (error) => errors.push(error)) };
}

test('not-open: the connection was closed before', () => {
  const bench = newBench();
  const { errors, send } = told(bench);
  bench.driver.close(1000);
  send('late');
  bench.clock.turn();
  expect(errors).toEqual([expect.any(NotSentError)]);
  expect(errors[0]).toMatchObject({ name: 'NotSentError', code: 'not-open' });
});

test('not-open: after a violation, which is the cause', () => {
  const bench = newBench();
  const { errors, send } = told(bench);
  bench.receive({ opcode: 3 });
  send('late');
  bench.clock.turn();
  expect(errors[0]).toMatchObject({ code: 'not-open', cause: { violation: 'reserved-opcode' } });
});

test.each(['close', 'drop'] as const)('overflow, by the policy %s', (overflow) => {
  const bench = newBench('server', { maxBufferedAmount: 10, overflow });
  bench.transport.fast = false;
  const { errors, send } = told(bench);
  send('0123456789');
  send('x');
  bench.clock.turn();
  expect(errors).toEqual([expect.any(NotSentError)]);
  expect(errors[0]).toMatchObject({ code: 'overflow', message: expect.stringContaining('maxBufferedAmount is 10') });
});

test('ended: the connection was lost before it was written; the cause says why', () => {
  const bench = newBench();
  bench.transport.fast = false;
  const { errors, send } = told(bench);
  send('first');
  bench.clock.turn();
  send('second');
  const cause = new Error('ECONNRESET');
  bench.transport.lose(cause);
  expect(errors).toEqual([expect.any(NotSentError), expect.any(NotSentError)]);
  for (const error of errors) expect(error).toMatchObject({ code: 'ended', message: 'ECONNRESET', cause });
});

test('what was written before the end was sent', () => {
  const bench = newBench();
  const { errors, send } = told(bench);
  send('in time');
  bench.receive(closeFrame(1000));
  bench.clock.turn();
  expect(errors).toEqual([undefined]);
});
