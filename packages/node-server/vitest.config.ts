import { defineConfig } from 'vitest/config';
import { base } from '../../vitest.base.ts';

/** Everything runs twice: with the buffer that all sockets read into, and over the events of sockets. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: [
      { extends: true, test: { name: 'shared-receive' } },
      { extends: true, test: { name: 'plain-receive', setupFiles: ['test/plain-receive.suite.ts'] } },
    ],
  },
});
