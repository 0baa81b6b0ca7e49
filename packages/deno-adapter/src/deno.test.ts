/** The suites that run in Deno, with its sanitizers, which see what is left open; each of their tests is one here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isTheirSystem, needsRuntimes } from '@ws/runtimes';
import { expect, test } from 'vitest';
import { PACKAGE, runDeno } from './deno.suite.ts';

const suites = readdirSync(join(PACKAGE, 'src')).filter((name) => name.endsWith('.deno.suite.ts'));

interface Result {
  readonly suite: string;
  readonly name: string;
  readonly failure: string | undefined;
}

async function runSuites(): Promise<Result[]> {
  const { output } = await runDeno([
    ...['test', '--no-prompt', '--no-remote', '--cached-only', '--no-check', '--reporter=junit'],
    ...['--allow-net=127.0.0.1', ...suites.map((name) => `src/${name}`)],
  ]);
  const results: Result[] = [];
  for (const [, suite = '', cases = ''] of output.matchAll(
    /<testsuite name="\.?\/?src\/([^"]*)"[^>]*>(.*?)<\/testsuite>/gs,
  )) {
    for (const [, name = '', whole = ''] of cases.matchAll(/<testcase name="([^"]*)"(.*?)(?=<testcase |$)/gs)) {
      const failed = /<(failure|error|skipped)/.test(whole);
      results.push({ suite, name: unescapeXml(name), failure: failed ? unescapeXml(whole) : undefined });
    }
  }
  if (results.length === 0) throw new Error(output);
  return results;
}

function unescapeXml(text: string): string {
  const chars: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(\w+);/g, (all, name) => chars[name] ?? all);
}

const results = isTheirSystem ? await runSuites() : [];

for (const { suite, name, failure } of results) test(`${suite}: ${name}`, () => expect(failure).toBeUndefined());

test.each(suites)('%s has run all of its tests, in Deno', needsRuntimes, (suite) => {
  const source = readFileSync(join(PACKAGE, 'src', suite), 'utf8');
  const ran = results.filter((result) => result.suite === suite).length;
  // A call in a loop is several tests.
  expect(ran).toBeGreaterThanOrEqual([...source.matchAll(/^ *test\(/gm)].length);
});
