import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('a queue is an array of which only push and shift are used', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 9 }), fc.constant('shift' as const)), { size: '+2' });
  // More at once than places are kept.
  const flood = fc.nat({ max: 300 }).map((count) => Array.from({ length: count }, (_, i) => i));
  fc.assert(
    fc.property(flood, steps, fc.nat({ max: 300 }), (first, more, shifts) => {
      const fifo = new Fifo<number>();
      const array: number[] = [];
      for (const step of [...first, ...more, ...Array<'shift'>(shifts).fill('shift')]) {
        if (step === 'shift') expect(fifo.shift()).toBe(array.shift());
        else {
          fifo.push(step);
          array.push(step);
        }
        expect([fifo.length, fifo.first]).toEqual([array.length, array[0]]);
      }
    }),
  );
});

test('it takes no longer where many wait', () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 1_000_000; i++) fifo.push(i);
  // An array would move a terabyte, and the test would not come to its end.
  for (let i = 0; i < 1_000_000; i++) if (fifo.shift() !== i) expect.unreachable(`not ${i}`);
  expect(fifo.length).toBe(0);
});
