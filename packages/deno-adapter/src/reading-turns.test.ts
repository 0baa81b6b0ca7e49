import { afterEach, expect, test, vi } from 'vitest';
import { readingTurns } from './reading-turns.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('in each turn, in their order, as many go on as take a millisecond: at first one, and soon fewer where they take longer', async () => {
  let [now, price] = [0, 0.1];
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const order: number[] = [];
  const all = Array.from({ length: 20 }, (_, i) => {
    const bulk = {
      goOn() {
        now += price;
        order.push(i);
        readingTurns.wait(bulk);
      },
    };
    return bulk;
  });
  const begin = () => {
    for (const bulk of all) readingTurns.wait(bulk);
  };
  const leave = async () => {
    for (const bulk of all) readingTurns.leave(bulk);
    expect([await turn(), await turn()]).toEqual([0, 0]);
  };
  const turn = async () => {
    const before = order.length;
    await new Promise((resolve) => setImmediate(resolve));
    return order.length - before;
  };
  /** The next turn in which one goes on: after 5 ms, up to 61 empty ones let the system be asked what there is. */
  const next = async () => {
    for (let i = 0; i < 100; i++) {
      const went = await turn();
      if (went > 0) return went;
    }
    return 0;
  };
  begin();
  for (let i = 0; i < 10; i++) expect(await turn()).toBe(1);
  for (let i = 0; i < 300; i++) await turn();
  expect(await turn()).toBe(9);
  expect(order).toEqual(order.map((_, i) => i % 20));
  await leave();
  // The time in which nobody reads costs nothing.
  now += 1000;
  begin();
  expect(await next()).toBe(9);
  price = 3;
  expect([await next(), await next(), await next()]).toEqual([9, 1, 1]);
  await leave();
});
