import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { examplesOf } from '@ws/runtimes/readme';
import { expect, test } from 'vitest';
import { readOptions } from './options.ts';
import { pureZlib } from './pure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');

test('the README prints what it says', () => {
  const [example, ...others] = examplesOf(root);
  expect(others).toEqual([]);
  expect(example!.promised).not.toEqual([]);
  expect(example!.print()).toEqual(example!.promised);
});

test('the README has every option with its default', () => {
  const [, section] = readme.split('\n## Options\n');
  const rows = section!.split('\n## ')[0]!.matchAll(/^\| `(\w+)` +\| (\S+) +\|/gm);
  const documented = Object.fromEntries(Array.from(rows, ([, name, preset]) => [name!, preset!.replaceAll('`', '')]));
  const { zlib: _, ...settings } = readOptions(pureZlib(), {});
  const expected = Object.entries(settings).map(([name, value]): [string, string] => [
    name,
    typeof value === 'number' && value > 1e9 ? 'none' : String(value),
  ]);
  expect(documented).toEqual(Object.fromEntries(expected));
});
