import { expect, test } from 'vitest';
import { Random } from './random.ts';
import { mutate } from './random-mutations.ts';

/** How many of the first bytes of both are the same. */
function common(a: Uint8Array, b: Uint8Array): number {
  const other = a.findIndex((byte, at) => byte !== b[at]);
  return other === -1 ? a.length : other;
}

test('mutations leave their source alone, and change it in one place, wherever: longer, shorter or neither', () => {
  const random = new Random(3);
  const source = random.bytes(40);
  const before = source.slice();
  const places = new Map<number, Set<number>>();
  let [atStart, leftOutInside] = [0, 0];
  for (let i = 0; i < 2000; i++) {
    const mutant = mutate(random, source);
    const start = common(mutant, source);
    const end = common(mutant.slice().reverse(), source.slice().reverse());
    // All but what was put in, or left out, or changed: a byte.
    const kept = Math.min(mutant.length, source.length) - Number(mutant.length === source.length);
    expect(start + end).toBeGreaterThanOrEqual(kept);
    const sign = Math.sign(mutant.length - source.length);
    if (start === 0) atStart++;
    if (sign === -1 && end > 0) leftOutInside++;
    places.set(sign, (places.get(sign) ?? new Set()).add(start));
  }
  expect(source).toEqual(before);
  expect([...places.keys()].sort()).toEqual([-1, 0, 1]);
  // A sixth leaves something out inside; of forty places the first is no likelier than another.
  expect(leftOutInside).toBeGreaterThan(200);
  expect(atStart).toBeLessThan(100);
  for (const starts of places.values()) expect(starts.size).toBeGreaterThan(35);
  expect(mutate(random, new Uint8Array(0))).toHaveLength(1);
});
