import { resolve } from 'node:path';

const name = process.env['MUTATED_PACKAGE'];
const dir = `packages/${name}`;

export default {
  mutate: [`${dir}/src/**/*.ts`, '!**/*.{test,suite}.ts'],
  testRunner: 'vitest',
  plugins: [resolve('mutation/node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
  vitest: { configFile: 'mutation/vitest.config.ts', dir },
  // The copy that is mutated needs no more than this.
  ignorePatterns: [
    '/*',
    '!/tsconfig.base.json',
    '!/mutation',
    '!/packages',
    '/packages/*',
    `!/${dir}`,
    'dist',
    'runtimes',
    'reports',
  ],
  // Long, so that a busy machine ends none but those that loop for ever.
  timeoutMS: 30_000,
  incrementalFile: `mutation/reports/${name}.incremental.json`,
  reporters: ['clear-text', 'progress', 'html', 'json'],
  htmlReporter: { fileName: `mutation/reports/${name}.html` },
  jsonReporter: { fileName: `mutation/reports/${name}.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
};
