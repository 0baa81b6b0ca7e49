import type { ViteUserConfig } from 'vitest/config';

/**
 * What every package's `vitest.config.ts` starts from. The report is what the summary of `npm test` counts; the system
 * tier (programs from outside) has a run of its own. The timeout only ends a hang: no test asserts a time.
 *
 * A worker takes file after file, and loads what they share once: alone, each file would spend most of its time on
 * fast-check and the sources. What a test changes of its surroundings it puts back, for those that come after it;
 * `npx vitest run --sequence.shuffle.files` shows who does not.
 */
export const base: ViteUserConfig = {
  test: {
    include: ['**/*.test.{ts,js}'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.system.test.{ts,js}'],
    isolate: false,
    maxWorkers: '100%',
    unstubGlobals: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: '.reports/vitest.json' }]],
  },
};
