import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Run {
  readonly results: readonly { name: string; checks: number; failures: string[]; notRun?: string }[];
  readonly table: string;
}

let run: Run;

// Ten runtimes, one after the other.
beforeAll(async () => {
  const child = spawn(process.execPath, ['runtimes/run.js', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let json = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (json += text));
  await new Promise((resolve) => child.on('close', resolve));
  run = JSON.parse(json);
}, 600_000);

test('every runtime finds the built package right', () => {
  expect(run.results.filter(({ failures }) => failures.length > 0)).toEqual([]);
});

test('every runtime has executed the same number of checks', () => {
  const executed = run.results.filter(({ notRun }) => notRun === undefined);
  const { checks } = executed[0]!;
  expect(checks).toBeGreaterThan(100_000);
  expect(executed.map(({ name, checks }) => `${name}: ${checks}`)).toEqual(
    executed.map(({ name }) => `${name}: ${checks}`),
  );
  for (const { name, notRun } of run.results) {
    if (notRun !== undefined) expect(notRun, name).toMatch(/is not installed/);
  }
});

test('the README has the table of this run; `node packages/codec/runtimes/run.js --write` mends it', () => {
  expect(readFileSync(`${root}/README.md`, 'utf8')).toContain(`\n\n${run.table}\n\n<!-- /runtimes -->`);
});
