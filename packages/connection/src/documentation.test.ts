import { fileURLToPath } from 'node:url';
import { examplesOf } from '@ws/runtimes/readme';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test.each(examplesOf(root))('the README prints what it says: %#', ({ promised, print }) => {
  expect(promised).not.toEqual([]);
  expect(print()).toEqual(promised);
});

test('the README has four examples', () => {
  expect(examplesOf(root)).toHaveLength(4);
});
