import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { examplesOf } from '@ws/runtimes/readme';
import { expect, test } from 'vitest';
import * as codec from './index.ts';
import { closeCodeOf, violationNames } from './violation.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');

test.each(examplesOf(root))('the README prints what it says: %#', ({ promised, print }) => {
  expect(promised).not.toEqual([]);
  expect(print()).toEqual(promised);
});

test('the README has every violation with its close code', () => {
  for (const name of violationNames) {
    expect(readme).toMatch(new RegExp(`^\\| [^|]*\`${name}\`[^|]*\\| ${closeCodeOf(name)}`, 'm'));
  }
});

test('the README names every export', () => {
  const words = new Set(readme.match(/\w+/g));
  expect(Object.keys(codec).filter((name) => !words.has(name))).toEqual([]);
});
