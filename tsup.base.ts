import type { Options } from 'tsup';

/** What every public package is built with: one ES module, its types and its source map. */
export const base: Options = {
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  sourcemap: true,
  treeshake: true,
  // As it is in the sources: of 'events' or 'util', bundlers for browsers would take npm's.
  removeNodeProtocol: false,
  external: [/^node:/],
  clean: true,
};
