import { defineConfig } from 'vitest/config';
import { base } from './vitest.base.ts';

/** The system tier: tests against real programs (a browser, another language's library), one file at a time. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [
      'packages/*/{src,test}/**/*.system.test.{ts,js}',
      'examples/**/*.system.test.{ts,js}',
      'conformance/*.system.test.{ts,js}',
      'bench/*/*.system.test.{ts,js}',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    fileParallelism: false,
  },
});
