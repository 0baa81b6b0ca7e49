/**
 * What the packages weigh in somebody's bundle: minified and gzipped, as a whole, in the parts that have a limit, and
 * each export alone, which shows what tree-shaking leaves out. Dependencies stay outside: SHA-1 is not in it.
 *
 * Usage: node scripts/size.js [--exports], after a build; fails if a part is over its limit
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { ROOT } from './run.js';

/**
 * `limit` in bytes of min+gzip (1 kB is 1000 of them); over it the check fails. `goal`: where the limit has yet to go.
 *
 * @typedef {{ name: string, of: string, exports?: readonly string[], limit?: number, goal?: number }} Part
 * @typedef {{ min: number, gzip: number }} Size
 */

/** @type {readonly Part[]} */
const PARTS = [
  { name: 'codec', of: 'codec', limit: 8780, goal: 5000 },
  {
    name: 'codec: header and mask',
    of: 'codec',
    exports: ['decodeFrameHeader', 'encodeFrameHeader', 'applyMask', 'maskInto'],
    limit: 2200,
    goal: 1500,
  },
  {
    name: 'codec: messages in, frames out',
    of: 'codec',
    exports: ['MessageDecoder', 'encodeFrame', 'encodeClose', 'decodeUtf8', 'encodeUtf8', 'Opcode'],
  },
  // With what an application says of a client (`decide`, `hookFailed`), and what sorts the requests of a server
  // (`asksForWebSocket`, `pathOf`): every adapter reads these alike.
  { name: 'handshake', of: 'handshake', limit: 8250, goal: 4000 },
  // Without a parser and a writer of heads, which many runtimes bring.
  {
    name: 'handshake: server',
    of: 'handshake',
    exports: ['UpgradePolicy', 'acceptUpgrade', 'checkUpgrade', 'completeUpgrade', 'refuse', 'headerValues'],
  },
  { name: 'handshake: client', of: 'handshake', exports: ['createUpgrade', 'verifyUpgrade'] },
  { name: 'connection', of: 'connection' },
  { name: 'permessage-deflate', of: 'permessage-deflate' },
];

/**
 * @param {string} module the path of an ES module
 * @param {readonly string[]} [names] the exports that the bundle uses; all of them if it is left out
 * @returns {Size} in bytes
 */
export function sizeOf(module, names) {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `export ${names === undefined ? '*' : `{ ${names.join(', ')} }`} from ${JSON.stringify(module)};`,
      resolveDir: dirname(module),
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    packages: 'external',
    write: false,
  });
  const { contents } = /** @type {import('esbuild').OutputFile} */ (outputFiles[0]);
  return { min: contents.length, gzip: gzipSync(contents, { level: 9 }).length };
}

/**
 * @param {Part} part
 * @param {Size} size
 * @returns {string | undefined} how it breaks its limit, and what to do
 */
export function problemOf({ name, limit }, { gzip }) {
  if (limit === undefined || gzip <= limit) return undefined;
  return `${name} is ${gzip - limit} bytes over its limit of ${limit}: take out what few need, or raise the limit in scripts/size.js and say why`;
}

/**
 * @param {string} name of a package's folder
 * @returns {{ path: string, module: string }[]} each module that it exports, the main one first
 */
function modulesOf(name) {
  const dir = join(ROOT, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({ path: path.slice(1), module: join(dir, target.default) }));
}

/**
 * @param {string} name
 * @param {Size} size
 * @param {string} note
 */
function print(name, { min, gzip }, note = '') {
  console.log(`${name.padEnd(44)}${String(min).padStart(8)}${String(gzip).padStart(10)}${note && `  ${note}`}`);
}

function check() {
  console.log(`${'bytes'.padEnd(44)}${'min'.padStart(8)}${'min+gzip'.padStart(10)}`);
  for (const part of PARTS) {
    const [main] = modulesOf(part.of);
    if (main === undefined) throw new Error(`packages/${part.of} exports no module`);
    const size = sizeOf(main.module, part.exports);
    const { limit, goal } = part;
    print(part.name, size, limit === undefined ? '' : `limit ${limit}${goal === undefined ? '' : `, goal ${goal}`}`);
    const problem = problemOf(part, size);
    if (problem === undefined) continue;
    console.error(problem);
    process.exitCode = 1;
  }
}

async function printExports() {
  for (const of of new Set(PARTS.map((part) => part.of))) {
    console.log(`\n${of}, each export alone`);
    for (const { path, module } of modulesOf(of)) {
      const names = Object.keys(await import(pathToFileURL(module).href));
      for (const name of names) print(`  ${name}${path && ` (${path.slice(1)})`}`, sizeOf(module, [name]));
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { exports: { type: 'boolean' } } });
  check();
  if (values.exports) await printExports();
}
