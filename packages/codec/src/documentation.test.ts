import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { closeCodeOf, violationNames } from './violation.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}/README.md`, 'utf8');
const blocks = Array.from(readme.matchAll(/^```js\n(.*?)^```$/gms), (match) => match[1]!);

/** What a block says that it prints, line by line. */
function promised(block: string): string[] {
  return Array.from(block.matchAll(/\/\/ prints: (.*)$/gm), (match) => match[1]!).flatMap((line) => line.split(' / '));
}

test.each(blocks)('the README prints what it says: %#', (block) => {
  // As a user has it: the built package, by its name.
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', block], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(promised(block)).not.toEqual([]);
  expect(printed.trimEnd().split('\n')).toEqual(promised(block));
});

test('the README has every violation with its close code', () => {
  for (const name of violationNames) {
    expect(readme).toMatch(new RegExp(`^\\| [^|]*\`${name}\`[^|]*\\| ${closeCodeOf(name)}`, 'm'));
  }
});
