import { expect, test } from 'vitest';
import { Random } from './random.ts';
import { mutate } from './random-mutations.ts';

test('mutations leave their source alone, make it longer, shorter or neither, and begin as it did', () => {
  const random = new Random(3);
  const source = random.bytes(40);
  const before = source.slice();
  const lengths = new Set<number>();
  for (let i = 0; i < 2000; i++) {
    const mutant = mutate(random, source);
    lengths.add(Math.sign(mutant.length - source.length));
    const other = mutant.findIndex((byte, at) => byte !== source[at]);
    // Changed in one place: behind it stands what stood there, if not at the same index.
    if (mutant.length === source.length && other !== -1) {
      expect(mutant.slice(other + 1)).toEqual(source.slice(other + 1));
    }
  }
  expect(source).toEqual(before);
  expect([...lengths].sort()).toEqual([-1, 0, 1]);
  expect(mutate(random, new Uint8Array(0))).toHaveLength(1);
});
