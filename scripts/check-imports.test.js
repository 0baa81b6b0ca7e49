import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { checkImports } from './check-imports.js';

/** A small house in which nothing is wrong; each test breaks one thing in it. */
const HOUSE = {
  'package.json': manifest('root', { typescript: '*' }),
  'scripts/tool.js': `import ts from 'typescript';\nimport { readFileSync } from 'node:fs';\n`,
  'packages/codec/package.json': manifest('@ws/codec', {}, { '@ws/testkit': '*', vitest: '*' }),
  'packages/codec/src/index.ts': `export * from './mask.ts';\n`,
  'packages/codec/src/mask.ts': `export const at: number = Math.min(1, 2);\n`,
  'packages/codec/src/mask.test.ts': `import { test } from 'vitest';\nimport { chunks } from '@ws/testkit';\nimport * as built from '@ws/codec';\nimport { at } from './mask.ts';\nnew Date();\n`,
  'packages/handshake/package.json': manifest('@ws/handshake', { '@noble/hashes': '*' }),
  'packages/handshake/src/index.ts': `import { sha1 } from '@noble/hashes/legacy.js';\n`,
  'packages/connection/package.json': manifest('@ws/connection', { '@ws/codec': '*' }),
  'packages/connection/src/index.ts': `import { at } from '@ws/codec';\n`,
  'packages/node-server/package.json': manifest('@ws/node-server', {
    '@ws/codec': '*',
    '@ws/connection': '*',
    '@ws/handshake': '*',
  }),
  'packages/node-server/src/index.ts': `import { createServer } from 'node:http';\nimport type { Frame } from '@ws/codec';\nexport { Connection } from '@ws/connection';\nimport '@ws/handshake';\n`,
  'packages/node-server/src/close.test.ts': `import { CloseCode } from '@ws/codec';\n`,
  'packages/testkit/package.json': manifest('@ws/testkit', { 'fast-check': '*' }),
  'packages/testkit/src/index.ts': `import fc from 'fast-check';\n`,
  'examples/package.json': manifest('@ws/examples', { '@ws/codec': '*', '@ws/node-server': '*' }),
  'examples/page.js': `import { at } from '@ws/codec';\nimport { other } from '/other.js';\nimport './chat.js';\n`,
};

test('a house in order has nothing to mend', () => {
  assert.deepEqual(problemsOf({}), []);
});

/** @type {Record<string, [files: Record<string, string>, where: string, what: RegExp]>} */
const BROKEN = {
  'codec imports nothing of the house': [
    { 'packages/codec/src/mask.ts': `\nimport { Connection } from '@ws/connection';\n` },
    'packages/codec/src/mask.ts:2',
    /against the direction.*codec may import nothing/,
  ],
  'nor does a type go against the direction': [
    { 'packages/connection/src/index.ts': `import type { Server } from '@ws/node-server';\n` },
    'packages/connection/src/index.ts:1',
    /connection may import codec/,
  ],
  'nor an import() of a type': [
    { 'packages/handshake/src/index.ts': `export type A = import('@ws/codec').Frame;\n` },
    'packages/handshake/src/index.ts:1',
    /handshake may import nothing/,
  ],
  'an extension sees only the types of handshake': [
    {
      'packages/permessage-deflate/package.json': manifest('@ws/permessage-deflate', { '@ws/handshake': '*' }),
      'packages/permessage-deflate/src/index.ts': `import { UpgradePolicy } from '@ws/handshake';\n`,
    },
    'packages/permessage-deflate/src/index.ts:1',
    /import type/,
  ],
  'testkit imports no package of the house, not even in its tests': [
    { 'packages/testkit/src/a.test.ts': `import '@ws/codec';\n` },
    'packages/testkit/src/a.test.ts:1',
    /testkit may import nothing/,
  ],
  'only tests import testkit': [
    { 'packages/codec/src/index.ts': `import { chunks } from '@ws/testkit';\n` },
    'packages/codec/src/index.ts:1',
    /for tests only/,
  ],
  'nor do the examples': [
    { 'examples/page.js': `import { chunks } from '@ws/testkit';\n` },
    'examples/page.js:1',
    /for tests only/,
  ],
  'an import through an inner path of a package': [
    { 'examples/page.js': `import { at } from '@ws/codec/dist/index.js';\n` },
    'examples/page.js:1',
    /@ws\/codec does not export/,
  ],
  'a package that imports itself by name': [
    { 'packages/codec/src/index.ts': `import { at } from '@ws/codec';\n` },
    'packages/codec/src/index.ts:1',
    /use a relative path/,
  ],
  'a package without a line in the table': [
    { 'packages/other/package.json': manifest('@ws/other') },
    'packages/other/package.json:1',
    /add one at the top/,
  ],
  'a dependency that is not declared': [
    { 'packages/codec/src/mask.ts': `export { sha1 } from '@noble/hashes/legacy.js';\n` },
    'packages/codec/src/mask.ts:1',
    /@noble\/hashes, which is not in the dependencies of packages\/codec\/package.json/,
  ],
  'a devDependency is for tests, not for sources': [
    { 'packages/codec/src/mask.ts': `import type { Test } from 'vitest';\n` },
    'packages/codec/src/mask.ts:1',
    /vitest, which is not in the dependencies/,
  ],
  'a test declares what it imports, too': [
    { 'packages/codec/src/mask.test.ts': `const ws = await import('ws');\n` },
    'packages/codec/src/mask.test.ts:1',
    /ws, which is not in the devDependencies or dependencies/,
  ],
  'and so do scripts': [
    { 'scripts/tool.js': `const turbo = require('turbo');\n` },
    'scripts/tool.js:1',
    /turbo, which is not in the devDependencies or dependencies of package.json/,
  ],
  'and so does any folder that has no package.json': [
    { 'rows/tool.js': `const turbo = require('turbo');\n` },
    'rows/tool.js:1',
    /turbo, which is not in the devDependencies or dependencies of package.json/,
  ],
  'a path into another package': [
    { 'packages/connection/src/index.ts': `import { at } from '../../codec/src/mask.ts';\n` },
    'packages/connection/src/index.ts:1',
    /reaches into packages\/codec/,
  ],
  'a path into a package from outside': [
    { 'examples/page.js': `import { at } from '../packages/codec/dist/index.js';\n` },
    'examples/page.js:1',
    /reaches into packages\/codec/,
  ],
  'a path out of the package': [
    { 'packages/codec/src/index.ts': `import { at } from '../../../scripts/tool.ts';\n` },
    'packages/codec/src/index.ts:1',
    /from outside its package/,
  ],
  'a source that imports a test file': [
    { 'packages/codec/src/index.ts': `import './mask.test.ts';\n` },
    'packages/codec/src/index.ts:1',
    /imports the test file/,
  ],
  'a relative import without its ending': [
    { 'packages/codec/src/index.ts': `export * from './mask.js';\n` },
    'packages/codec/src/index.ts:1',
    /\.ts at its end/,
  ],
  'node: in a pure package': [
    { 'packages/handshake/src/index.ts': `import { createHash } from 'node:crypto';\n` },
    'packages/handshake/src/index.ts:1',
    /node:crypto in a pure package/,
  ],
  'a reference to types of Node in a pure package': [
    { 'packages/codec/src/mask.ts': `/// <reference types="node" />\nexport {};\n` },
    'packages/codec/src/mask.ts:1',
    /node, which is not in the dependencies/,
  ],
  'a type of Node in a pure package': [
    { 'packages/codec/src/mask.ts': `export type View = Uint8Array | Buffer;\n` },
    'packages/codec/src/mask.ts:1',
    /uses Buffer/,
  ],
  'a global that a pure package only claims to exist': [
    {
      'packages/codec/src/mask.ts': `declare const process: { pid: number };\nexport const id: number = process.pid;\n`,
    },
    'packages/codec/src/mask.ts:2',
    /uses process/,
  ],
  'a global through globalThis': [
    { 'packages/codec/src/mask.ts': `export const b: unknown = (globalThis as { Buffer?: unknown }).Buffer;\n` },
    'packages/codec/src/mask.ts:1',
    /uses Buffer/,
  ],
  'a clock in a pure package': [
    { 'packages/connection/src/index.ts': `export const now = (): number => Date.now();\n` },
    'packages/connection/src/index.ts:1',
    /uses Date/,
  ],
  'a random source in a pure package': [
    { 'packages/handshake/src/index.ts': `export const key = (): number => Math.random();\n` },
    'packages/handshake/src/index.ts:1',
    /uses Math.random/,
  ],
  'an import whose name is computed': [
    { 'packages/node-server/src/index.ts': `export const load = (x: string): unknown => import(x);\n` },
    'packages/node-server/src/index.ts:1',
    /computed name/,
  ],
  'files that import each other': [
    {
      'packages/codec/src/mask.ts': `import type { B } from './b.ts';\n`,
      'packages/codec/src/b.ts': `export {};\nimport './c.ts';\n`,
      'packages/codec/src/c.ts': `export * from './mask.ts';\n`,
    },
    'packages/codec/src/mask.ts:1',
    /in a circle, b.ts -> c.ts -> mask.ts -> b.ts/,
  ],
};

for (const [name, [files, where, what]] of Object.entries(BROKEN)) {
  test(`reported: ${name}`, () => {
    const [problem = '', ...others] = problemsOf(files);
    assert.ok(problem.startsWith(`${where}: `), problem);
    assert.match(problem, what);
    assert.deepEqual(others, []);
  });
}

test('not reported: members and local names that happen to be called as a global is', () => {
  const source = `
    interface Clock { Date: number; process(): void }
    export function tick(clock: Clock, performance: number): number {
      clock.process();
      const { Date: at } = clock;
      const text = (globalThis as { TextDecoder?: unknown }).TextDecoder;
      return text === undefined ? clock.Date : at + performance;
    }
  `;
  assert.deepEqual(problemsOf({ 'packages/codec/src/clock.ts': source }), []);
});

/**
 * @param {Record<string, string>} broken files that replace those of the house in order, or add to them
 * @returns {string[]}
 */
function problemsOf(broken) {
  const root = mkdtempSync(join(tmpdir(), 'check-imports-'));
  try {
    for (const [name, text] of Object.entries({ ...HOUSE, ...broken })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return checkImports(root).map(({ file, line, text }) => `${file}:${line}: ${text}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} dependencies
 * @param {Record<string, string>} devDependencies
 */
function manifest(name, dependencies = {}, devDependencies = {}) {
  return JSON.stringify({ name, exports: { '.': './dist/index.js' }, dependencies, devDependencies });
}
