import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { countTap, countVitest } from './count.js';

/**
 * @param {{ name: string, status?: string, tests: string[], needs?: string }[]} files each with the status of its tests
 * @param {string[]} expected
 */
function reportOf(files, expected) {
  const dir = mkdtempSync(join(tmpdir(), 'count-'));
  try {
    const testResults = files.map(({ name, status = 'passed', tests, needs }) => ({
      name: join(dir, name),
      status,
      assertionResults: tests.map((of) => ({ status: of, fullName: 'a test', meta: { needs } })),
    }));
    writeFileSync(join(dir, 'vitest.json'), JSON.stringify({ testResults }));
    return countVitest(
      'x',
      join(dir, 'vitest.json'),
      expected.map((name) => join(dir, name)),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** @type {(...args: Parameters<typeof reportOf>) => { passed: number, failed: number }} */
function countOf(...args) {
  const { passed, failed } = reportOf(...args);
  return { passed, failed };
}

test('every test counts once', () => {
  const files = [
    { name: 'a.test.ts', tests: ['passed', 'passed', 'failed'], status: 'failed' },
    { name: 'b.test.ts', tests: ['passed'] },
  ];
  assert.deepEqual(countOf(files, ['a.test.ts', 'b.test.ts']), { passed: 3, failed: 1 });
});

test('a skipped test is a failure', () => {
  assert.deepEqual(countOf([{ name: 'a.test.ts', tests: ['passed', 'skipped', 'todo'] }], ['a.test.ts']), {
    passed: 1,
    failed: 2,
  });
});

test('a skipped test that needs what is not here is no failure, and is named with what it needs', () => {
  const { passed, failed, notes } = reportOf(
    [{ name: 'a.test.ts', tests: ['passed', 'skipped', 'failed'], needs: 'a moon' }],
    ['a.test.ts'],
  );
  assert.deepEqual({ passed, failed }, { passed: 1, failed: 1 });
  assert.match(notes[0] ?? '', /^skipped: .*a\.test\.ts: a test \(needs a moon\)$/);
});

test('a file that did not run is a failure', () => {
  assert.deepEqual(countOf([{ name: 'a.test.ts', tests: ['passed'] }], ['a.test.ts', 'b.test.ts']), {
    passed: 1,
    failed: 1,
  });
});

test('a file that could not be loaded, or has no test, is a failure', () => {
  assert.deepEqual(countOf([{ name: 'a.test.ts', tests: [], status: 'failed' }], ['a.test.ts']), {
    passed: 0,
    failed: 1,
  });
});

test('a file whose hooks failed is a failure, though all of its tests passed', () => {
  assert.deepEqual(countOf([{ name: 'a.test.ts', tests: ['passed'], status: 'failed' }], ['a.test.ts']), {
    passed: 1,
    failed: 1,
  });
});

test('a report that is not there is a failure for each file', () => {
  const { passed, failed } = countVitest('x', join(tmpdir(), 'no-such-report.json'), ['a.test.ts', 'b.test.ts']);
  assert.deepEqual({ passed, failed }, { passed: 0, failed: 2 });
});

test('node:test counts what did not pass as failed, be it failed, cancelled or skipped', () => {
  const tap = 'not ok 1 - breaks\n# tests 5\n# suites 0\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n';
  const { passed, failed, notes } = countTap('x', tap);
  assert.deepEqual({ passed, failed, notes }, { passed: 2, failed: 3, notes: ['failed: breaks'] });
});
