import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { DEFENCES } from './defences.js';

const PACKAGES = resolve(import.meta.dirname, '../packages');
// biome-ignore lint/suspicious/noUndeclaredEnvVars: run.js sets it, and turbo does not run this
const { row, tests, file, find, replace } = DEFENCES.find(({ row }) => row === process.env['ROW'])!;

/** The tests of one row, over the sources of all packages without its defence. */
export default defineConfig({
  root: PACKAGES,
  resolve: {
    alias: [
      { find: /^@ws\/(codec|connection|handshake|permessage-deflate)$/, replacement: `${PACKAGES}/$1/src/index.ts` },
      { find: '@ws/codec/mask-biguint64', replacement: `${PACKAGES}/codec/src/mask-biguint64.ts` },
      { find: /^@ws\/permessage-deflate\/(node|pure)$/, replacement: `${PACKAGES}/permessage-deflate/src/$1.ts` },
    ],
  },
  plugins: [
    {
      name: 'without',
      enforce: 'pre',
      transform(code, id) {
        if (id !== resolve(PACKAGES, file)) return undefined;
        if (code.split(find).length !== 2) throw new Error(`${file} should have this once: ${find}`);
        return code.replace(find, () => replace);
      },
    },
  ],
  test: {
    include: [`${tests}.test.ts`],
    testNamePattern: new RegExp(`\\b${row}[:,]`),
    // Without its defence, a test may wait for what never comes; with it, none takes a third of this beside others. One
    // that fails is enough.
    testTimeout: 10_000,
    bail: 1,
    reporters: [['json', {}]],
  },
});
