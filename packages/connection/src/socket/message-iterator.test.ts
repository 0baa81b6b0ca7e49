import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageQueue } from './message-queue.ts';

const OVER = 'over';

/** What became of a `next`. */
function outcome(next: Promise<IteratorResult<{ data: unknown }, void>>, tell: (what: unknown) => void): void {
  next.then(
    ({ done, value }) => tell(done === true ? OVER : (value as { data: Uint8Array }).data[0]),
    (error: Error) => tell(error),
  );
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const make = (): MessageQueue => new MessageQueue({ pause() {}, resume() {} });

test('whatever is pushed, asked for, left and ended: who waits longest gets the next message, and the end is told to each loop once', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'push' as const }) },
    { weight: 4, arbitrary: fc.nat({ max: 2 }).map((loop) => ({ kind: 'next' as const, loop })) },
    fc.nat({ max: 2 }).map((loop) => ({ kind: 'return' as const, loop })),
    fc.constantFrom(undefined, new Error('reset')).map((cause) => ({ kind: 'end' as const, cause })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const queue = make();
      const left: number[] = [];
      const loops = [0, 1, 2].map((loop) => queue.iterate(() => void left.push(loop)));
      const seen: unknown[] = [];

      // The model: what waits on either side, in order.
      const expected: unknown[] = [];
      const messages: number[] = [];
      const waiting: { loop: number; next: number }[] = [];
      const state = [0, 1, 2].map(() => 'new');
      const expectedLeft: number[] = [];
      let ended: { cause: Error | undefined } | undefined;
      const leave = (loop: number, cause: Error | undefined): void => {
        if (state[loop] === 'begun') expectedLeft.push(loop);
        state[loop] = 'over';
        let told = cause;
        for (const { next } of waiting.filter((other) => other.loop === loop)) {
          expected[next] = told ?? OVER;
          told = undefined;
        }
        waiting.splice(0, waiting.length, ...waiting.filter((other) => other.loop !== loop));
      };

      let pushed = 0;
      let asked = 0;
      for (const step of steps) {
        if (step.kind === 'push' && ended === undefined) {
          queue.push(Uint8Array.of(pushed), true);
          const first = waiting.shift();
          if (first !== undefined) expected[first.next] = pushed;
          else messages.push(pushed);
          pushed++;
        } else if (step.kind === 'next') {
          const next = asked++;
          outcome(loops[step.loop]!.next(), (what) => {
            seen[next] = what;
          });
          if (state[step.loop] === 'over') expected[next] = OVER;
          else {
            state[step.loop] = 'begun';
            if (messages.length > 0) expected[next] = messages.shift();
            else {
              waiting.push({ loop: step.loop, next });
              if (ended !== undefined) leave(step.loop, ended.cause);
            }
          }
        } else if (step.kind === 'return') {
          expect(await loops[step.loop]!.return()).toEqual({ done: true, value: undefined });
          leave(step.loop, undefined);
        } else if (step.kind === 'end' && ended === undefined) {
          ended = { cause: step.cause };
          queue.end(step.cause);
          for (const loop of new Set(waiting.map((other) => other.loop))) leave(loop, step.cause);
        }
        expect(queue.length).toBe(messages.length);
        expect(queue.iterating).toBe(state.includes('begun'));
        expect(left).toEqual(expectedLeft);
      }
      await settled();
      expect(seen).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('a loop that is left while it waits is told at once, and the next message is for somebody else', async () => {
  const queue = make();
  const loop = queue.iterate();
  const next = loop.next();
  expect(await loop.return()).toEqual({ done: true, value: undefined });
  expect(await next).toEqual({ done: true, value: undefined });
  queue.push(Uint8Array.of(7), true);
  expect(queue.length).toBe(1);
  expect((await queue.iterate().next()).value).toEqual({ data: Uint8Array.of(7), isBinary: true });
});

describe.each(['waits', 'does not wait'])('a text that no string can hold, for a loop that %s', (waits) => {
  test('is thrown by that loop, which is over; the queue and the next loop go on', async () => {
    const queue = make();
    const told: boolean[] = [];
    const loop = queue.iterate(() => told.push(queue.iterating));
    const push = (): void => queue.push(Uint8Array.of(0xff), false);
    if (waits === 'does not wait') push();
    const next = loop.next();
    if (waits === 'waits') push();
    await expect(next).rejects.toThrow();
    expect(told).toEqual([false]);
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    queue.push(Uint8Array.of(7), true);
    expect((await queue.iterate().next()).value).toEqual({ data: Uint8Array.of(7), isBinary: true });
  });
});

test('throw leaves a loop as return does', async () => {
  const queue = make();
  const error = new Error('enough');
  const loop = queue.iterate();
  const next = loop.next();
  await expect(loop.throw(error)).rejects.toBe(error);
  expect(await next).toEqual({ done: true, value: undefined });
  expect(queue.iterating).toBe(false);
});

test('a loop is the iterator of itself', () => {
  const queue = make();
  const loop = queue.iterate();
  expect(loop[Symbol.asyncIterator]()).toBe(loop);
});
