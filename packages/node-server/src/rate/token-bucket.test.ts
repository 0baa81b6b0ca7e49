import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket, TokenBuckets } from './token-bucket.ts';

const steps = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 200 });

test('a bucket gives, in any span of time, at most what the rate allows and one second’s worth', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (rate, waits) => {
      const bucket = new TokenBucket(rate, 0);
      const given: number[] = [];
      let now = 0;
      for (const wait of waits) {
        now += wait;
        for (let i = 0; i < 3; i++) if (bucket.tryTake(now)) given.push(now);
      }
      for (let from = 0; from < given.length; from++) {
        for (let to = from; to < given.length; to++) {
          expect(to - from + 1).toBeLessThanOrEqual(rate + ((given[to]! - given[from]!) * rate) / 1000 + 1e-6);
        }
      }
    }),
  );
});

test('who asks no faster than the rate is never refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (rate, waits) => {
      const bucket = new TokenBucket(rate, 0);
      let now = 0;
      for (const wait of waits) {
        now += Math.max(wait, Math.ceil(1000 / rate));
        expect(bucket.tryTake(now)).toBe(true);
      }
    }),
  );
});

test('on credit: the debt is paid when the time it says has passed', () => {
  const bucket = new TokenBucket(1000, 0);
  expect(bucket.take(1000, 0)).toBe(0);
  expect(bucket.take(500, 0)).toBe(500);
  expect(bucket.take(500, 250)).toBe(750);
  expect(bucket.take(0, 1000)).toBe(0);
  expect(bucket.take(1, 1000)).toBe(1);
});

test('each name has a bucket of its own; those that were not asked for are forgotten, and only once they are full', () => {
  const buckets = new TokenBuckets(2, 0);
  expect(['a', 'a', 'a', 'b'].map((name) => buckets.tryTake(name, 0))).toEqual([true, true, false, true]);
  expect(buckets.tryTake('a', 400)).toBe(false);
  // Its bucket moves on with it; b's is full, and forgotten a second later.
  expect([buckets.tryTake('a', 1100), buckets.tryTake('a', 1100), buckets.tryTake('a', 1100)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(buckets.size).toBe(2);
  for (let i = 0; i < 1000; i++) buckets.tryTake(`c${i}`, 2200);
  expect([buckets.size, buckets.tryTake('a', 2200)]).toEqual([1001, true]);
  buckets.tryTake('d', 3300);
  expect(buckets.size).toBe(1002);
  buckets.tryTake('d', 4400);
  expect(buckets.size).toBe(1);
  buckets.tryTake('e', 9000);
  expect(buckets.size).toBe(1);
});
