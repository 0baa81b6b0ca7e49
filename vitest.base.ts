import type { ViteUserConfig } from 'vitest/config';

/**
 * What every package's `vitest.config.ts` starts from. The report is what the summary of `npm test` counts; the system
 * tier (programs from outside) has a run of its own. The timeout only ends a hang: no test asserts a time.
 */
export const base: ViteUserConfig = {
  test: {
    include: ['**/*.test.{ts,js}'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.system.test.{ts,js}'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: '.reports/vitest.json' }]],
  },
};
