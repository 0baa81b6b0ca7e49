import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needsRuntimes } from '@ws/runtimes';
import { expect, test } from 'vitest';
import { PACKAGE, runDeno } from './deno.suite.ts';

/** What is published to JSR from here: this package, and what it needs. */
const PUBLISHED = ['codec', 'handshake', 'connection', 'permessage-deflate', 'deno-adapter'];

async function passes(args: string[], cwd?: string): Promise<string> {
  const { code, output } = await runDeno(args, cwd);
  expect(code, `deno ${args.join(' ')}\n${output}`).toBe(0);
  return output;
}

test('deno check: the sources, against the types of Deno itself, and the suites', needsRuntimes, async () => {
  await passes([
    'check',
    '--no-remote',
    'src/index.ts',
    'src/handshake.deno.suite.ts',
    'src/connection.deno.suite.ts',
    'src/serve.deno.suite.ts',
    'src/types.deno.suite.ts',
  ]);
});

test('deno lint', needsRuntimes, async () => {
  await passes(['lint', '--ignore=src/*.test.ts,src/*.suite.ts', 'src']);
});

test('deno doc --lint: every public word is documented, and none of its types is private', needsRuntimes, async () => {
  const { output } = await runDeno(['doc', '--lint', 'src/index.ts']);
  // What it hands on of other packages is theirs to document.
  const errors = output.split(/^error/m).filter((error) => error.includes('/deno-adapter/src/'));
  expect(errors).toEqual([]);
  expect(output).toMatch(/documentation lint errors|Checked 1 file/);
});

for (const name of PUBLISHED) {
  const folder = join(PACKAGE, '..', name);

  test(`deno publish --dry-run: ${name}, with no slow types and no test in it`, needsRuntimes, async () => {
    const output = await passes(['publish', '--dry-run', '--allow-dirty'], folder);
    expect(output).toContain('Dry run complete');
    expect(output).not.toMatch(/\.(test|suite)\.ts/);
    expect(output).toMatch(/src\/index\.ts/);
  });

  test(`deno.json says of ${name} what package.json says`, () => {
    const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const [jsr, npm] = [read('deno.json'), read('package.json')];
    expect([jsr.name, jsr.version, jsr.license]).toEqual([npm.name, npm.version, npm.license]);
    const exports = typeof jsr.exports === 'string' ? { '.': jsr.exports } : jsr.exports;
    const built = Object.entries<{ default: string }>(npm.exports).filter(([, target]) => typeof target === 'object');
    expect(exports).toEqual(
      Object.fromEntries(
        built.map(([path, { default: file }]) => [path, file.replace('dist', 'src').replace(/js$/, 'ts')]),
      ),
    );
  });
}

test('no deno command has changed the root package.json', () => {
  expect(JSON.parse(readFileSync(join(PACKAGE, '../../package.json'), 'utf8')).workspaces).toContain('packages/*');
});
