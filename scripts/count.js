import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { FOLDERS, ROOT } from './run.js';

/** @typedef {import('./report.js').Count} Count */

/** @typedef {{ status: string, fullName: string, meta?: { needs?: string } }} Assertion */

/** Where vitest.base.ts has each run leave its report. */
const VITEST_REPORT = join('.reports', 'vitest.json');

/** @returns {string[]} the folders that have tests of their own */
function workspaces() {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => join('packages', name));
  return [...packages, ...FOLDERS]
    .map((name) => join(ROOT, name))
    .filter((dir) => existsSync(join(dir, 'package.json')));
}

/** Deletes the reports of an earlier run, which would count as this one's. */
export function forgetUnitReports() {
  for (const dir of workspaces()) rmSync(join(dir, VITEST_REPORT), { force: true });
}

export function forgetSystemReport() {
  rmSync(join(ROOT, VITEST_REPORT), { force: true });
}

/** @returns {Count[]} one for each folder with tests */
export function countUnit() {
  return workspaces().flatMap((dir) => {
    const files = testFiles(dir).filter((path) => !isSystem(path));
    return files.length === 0 ? [] : [countVitest(relative(ROOT, dir), join(dir, VITEST_REPORT), files)];
  });
}

/** @returns {Count[]} */
export function countSystem() {
  const files = workspaces().flatMap(testFiles).filter(isSystem);
  return [countVitest('tests beside real programs', join(ROOT, VITEST_REPORT), files)];
}

/**
 * A test file counts as a failure if it is not in the report or ran nothing. A test that was skipped is one too, unless
 * it says what it needs and has not, by `needs` of @ws/runtimes: then it is a note.
 *
 * @param {string} name
 * @param {string} report
 * @param {string[]} files that must be in the report
 * @returns {Count}
 */
export function countVitest(name, report, files) {
  /** @type {Count} */
  const count = { name, passed: 0, failed: 0, notes: [] };
  const fail = (/** @type {string} */ note) => {
    count.failed++;
    count.notes.push(note);
  };
  /** @type {{ name: string, status: string, assertionResults: Assertion[] }[]} */
  const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  for (const { name: path, status, assertionResults } of results) {
    const file = relative(ROOT, path);
    for (const test of assertionResults) {
      const { needs } = test.meta ?? {};
      if (test.status === 'passed') count.passed++;
      else if (test.status === 'skipped' && needs !== undefined)
        count.notes.push(`skipped: ${file}: ${test.fullName} (needs ${needs})`);
      else fail(`${test.status}: ${file}: ${test.fullName}`);
    }
    if (assertionResults.length === 0) fail(`ran no test: ${file}`);
    else if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed'))
      fail(`failed as a whole: ${file}`);
  }
  const ran = new Set(results.map((result) => result.name));
  for (const path of files) {
    if (!ran.has(path)) fail(`did not run: ${relative(ROOT, path)} (does its package have a "test" script?)`);
  }
  return count;
}

/**
 * @param {string} name
 * @param {string} tap what node:test writes in its TAP form
 * @returns {Count}
 */
export function countTap(name, tap) {
  const figure = (/** @type {string} */ word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0);
  const passed = figure('pass');
  const failed = figure('tests') - passed;
  const notes = [...tap.matchAll(/^ *not ok \d+ - (.*)$/gm)].map(([, title]) => `failed: ${title}`);
  return { name, passed, failed, notes };
}

/** @param {string} path */
function isSystem(path) {
  return /\.system\.test\.[jt]s$/.test(basename(path));
}

/**
 * @param {string} dir
 * @returns {string[]}
 */
function testFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return /^(\..*|node_modules|dist)$/.test(entry.name) ? [] : testFiles(path);
    return /\.test\.[jt]s$/.test(entry.name) ? [path] : [];
  });
}
