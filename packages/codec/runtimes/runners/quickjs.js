import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';

const CODEC = fileURLToPath(new URL('../..', import.meta.url));
const ABSENT = ['TextDecoder', 'TextEncoder', 'Buffer', 'console', 'setTimeout'];
const MAIN = `
  import { runSuite } from './runtimes/suite/codec.suite.js';
  const absent = ${JSON.stringify(ABSENT)}.filter((name) => !(name in globalThis));
  export const outcome = JSON.stringify({ ...runSuite(), runtime: 'QuickJS without ' + absent.join(', ') });
`;
/** @type {string} */
const version = createRequire(import.meta.url)('../../package.json').devDependencies['quickjs-emscripten-core'];

/** An engine and nothing else. @type {import('./runtimes.js').Runtime} */
export const quickjs = {
  name: `QuickJS (quickjs-emscripten ${version.split('.', 2).join('.')})`,
  version: `QuickJS without ${ABSENT.join(', ')}`,
  async run() {
    const engine = await newQuickJSWASMModuleFromVariant(variant);
    const runtime = engine.newRuntime();
    runtime.setModuleLoader(
      (name) => readFileSync(join(CODEC, name.replace(/\?.*/, '')), 'utf8'),
      (base, specifier) => posix.join(posix.dirname(base), specifier),
    );
    const context = runtime.newContext();
    const { outcome } = context.dump(context.unwrapResult(context.evalCode(MAIN, 'main.js', { type: 'module' })));
    if (typeof outcome !== 'string') throw new Error('the module did not run to its end');
    return JSON.parse(outcome);
  },
};
