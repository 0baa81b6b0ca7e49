import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { base } from './vitest.base.ts';

/** The folders that have tests of this tier, those of a project two files at a time. */
function project(name: string, groupOrder: number, ...folders: string[]): TestProjectInlineConfiguration {
  return {
    test: {
      ...base.test,
      name,
      include: folders.map((folder) => `${folder}/**/*.system.test.{ts,js}`),
      exclude: ['**/node_modules/**', '**/dist/**'],
      maxWorkers: 2,
      sequence: { groupOrder },
    },
  };
}

/**
 * The system tier: tests against real programs (a browser, another language's library); and behind them, alone, the
 * benchmarks, which find nothing to measure in the time that they get beside others.
 */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: [
      project('programs', 0, 'packages/*/{src,test}', 'examples', 'conformance'),
      project('benchmarks', 1, 'bench'),
    ],
  },
});
