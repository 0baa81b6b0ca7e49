import { isPromise } from '@ws/connection';
import { expect, test } from 'vitest';
import { Turn } from './node-turn.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('what comes within 5 ms of the first is done at once, and the rest in later turns, in its order', async () => {
  let time = 100;
  const turn = new Turn(() => time);
  const done: number[] = [];
  const run = (name: number, takes: number) =>
    turn.run(() => {
      time += takes;
      done.push(name);
      return name;
    });
  const outcomes = [run(0, 3), run(1, 1.9), run(2, 1), run(3, 3), run(4, 7), run(5, 1), run(6, 0)];
  expect(outcomes.map(isPromise)).toEqual([false, false, false, true, true, true, true]);
  expect(done).toEqual([0, 1, 2]);
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4]);
  // Who waits is first.
  outcomes.push(run(7, 1));
  expect(done).toEqual([0, 1, 2, 3, 4]);
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await Promise.all(outcomes)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await nextTurn();
  expect(isPromise(run(8, 100))).toBe(false);
});

test('the time does not go on between turns in which nothing was done', async () => {
  let time = 0;
  const turn = new Turn(() => time);
  turn.run(() => {});
  await nextTurn();
  time = 1000;
  for (let i = 0; i < 3; i++) expect(turn.run(() => i)).toBe(i);
});

test('what fails in a later turn rejects, and the others are done', async () => {
  let time = 0;
  const turn = new Turn(() => time);
  turn.run(() => (time += 10));
  const fails = turn.run(() => {
    throw new Error('no memory');
  });
  const behind = turn.run(() => 'done');
  await expect(fails).rejects.toThrow('no memory');
  expect(await behind).toBe('done');
});
