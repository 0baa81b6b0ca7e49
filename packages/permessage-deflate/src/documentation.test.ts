import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readOptions } from './options.ts';
import { pureZlib } from './pure.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), (match) => match[1]!);

test('the README prints what it says', () => {
  expect(blocks).toHaveLength(1);
  // As a user has it: the built package, by its name.
  const args = ['--input-type=module', '--eval', blocks[0]!];
  const printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const promised = /\/\/ prints: (.*)$/m.exec(blocks[0]!)![1]!.split(' / ');
  expect(printed.trimEnd().split('\n')).toEqual(promised);
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
