import { expect, test } from 'vitest';
import { Gate } from './node-gate.ts';

test('lets so many in at a time, in their order, and a failure leaves its place', async () => {
  const gate = new Gate(2);
  const ends: ((fails: boolean) => void)[] = [];
  const begun: number[] = [];
  const outcomes = Array.from({ length: 7 }, (_, i) =>
    gate
      .run(async () => {
        begun.push(i);
        const fails = await new Promise((resolve) => ends.push(resolve));
        if (fails) throw new Error(`${i} has failed`);
        return i;
      })
      .catch((error: Error) => error.message),
  );
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  for (let done = 0; done < 7; done++) {
    await settled();
    expect(begun).toEqual(Array.from({ length: Math.min(7, done + 2) }, (_, i) => i));
    ends[done]!(done === 1 || done === 4);
  }
  expect(await Promise.all(outcomes)).toEqual([0, '1 has failed', 2, 3, '4 has failed', 5, 6]);
  // All places are free again, and no more than there were.
  begun.length = 0;
  const again = Array.from({ length: 5 }, (_, i) =>
    gate.run(async () => {
      begun.push(i);
      await settled();
    }),
  );
  expect(begun).toEqual([0, 1]);
  await Promise.all(again);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test('after a long work 32 others have their turn before the next long one, or as many as there are', async () => {
  const gate = new Gate(1);
  const done: string[] = [];
  const run = (name: string, isLong: boolean) =>
    gate.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(name);
    }, isLong);
  const all = [run('first', true)];
  for (let i = 0; i < 4; i++) all.push(run(`long ${i}`, true));
  for (let i = 0; i < 70; i++) all.push(run(`short ${i}`, false));
  await Promise.all(all);
  const short = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `short ${from + i}`);
  expect(done).toEqual([
    'first',
    ...short(0, 32),
    'long 0',
    ...short(32, 64),
    'long 1',
    ...short(64, 70),
    ...['long 2', 'long 3'],
  ]);
});
