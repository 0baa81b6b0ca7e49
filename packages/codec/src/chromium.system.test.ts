import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test('Chromium loads the built package as ES modules, and finds it right', () => {
  const json = execFileSync(process.execPath, ['runtimes/run.js', '--json', 'Chromium'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { results, table } = JSON.parse(json);
  expect(results).toEqual([expect.objectContaining({ name: 'Chromium', failures: [] })]);
  // The same number as in every other runtime: the unit tier compares those with the README's.
  expect(readFileSync(`${root}/README.md`, 'utf8')).toContain(`\n\n${table}\n\n<!-- /runtimes -->`);
});
