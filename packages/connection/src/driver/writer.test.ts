import { expect, test } from 'vitest';
import { useBenches } from './test-transport.suite.ts';

const makeBench = useBenches();

test.each<[string, () => unknown]>([
  ['a promise', async () => {}],
  ['a promise', () => Promise.reject(new Error('nobody looks at it'))],
  ['object', () => ({})],
  ['null', () => null],
  ['number', () => 1],
])('a write that returns %s has failed, and nothing of it counts as written', async (got, write) => {
  const bench = makeBench();
  bench.transport.write = write as never;
  bench.send('x');
  bench.clock.turn();
  const why = `transport.write must return true or false, got ${got}: return false, and call driver.written() when it is done`;
  expect(bench.cause).toEqual(new TypeError(why));
  expect(bench.told).toEqual([`unsent 1: ${why}`, `close 1006 "": ${why}`]);
  expect(bench.transport.calls).toEqual(['destroy']);
  // An unhandled rejection fails the run.
  await new Promise(setImmediate);
});

test('a write that returns nothing is under way, as one that returns false', () => {
  const bench = makeBench();
  bench.transport.write = (() => {}) as never;
  bench.send('x');
  bench.clock.turn();
  expect(bench.told).toEqual([]);
  bench.driver.written();
  expect(bench.told).toEqual(['sent 1']);
});
