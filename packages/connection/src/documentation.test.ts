import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), (match) => match[1]!);

test.each(blocks)('the README prints what it says: %#', (block) => {
  // As a user has it: the built package, by its name.
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', block], {
    cwd: root,
    encoding: 'utf8',
  });
  const promised = /\/\/ prints: (.*)$/m.exec(block)![1]!.split(' / ');
  expect(printed.trimEnd().split('\n')).toEqual(promised);
});

test('the README has four examples', () => {
  expect(blocks).toHaveLength(4);
});
