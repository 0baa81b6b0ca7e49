/**
 * All figures of the READMEs: `npm run bench`. For a part of them:
 * `npm run bench -- decode encode mask memory echo grid fanout handshakes idle wss bun deflate deno head`, where
 * `server` is the six from echo to wss; and for the contestants to run elsewhere than on this Node: `--runtime node-20`
 * (-22, -24, -26), or `--runtime bun` (mask). `--write` puts those into README.md and bench/README.md, which tells of
 * the other options.
 *
 * Contestants take turns within a round, so that what else the machine does falls on all of them alike; a figure is the
 * median over the rounds. Only ratios within one table compare.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { binaryOf, bun, versionOf } from '@ws/runtimes';
import { putSection } from '../scripts/markdown.js';
import { benchBun } from './bun/bench.js';
import { benchCodec } from './codec/bench.js';
import { benchDeflate } from './deflate/bench.js';
import { benchDeno } from './deno/bench.js';
import { benchHead } from './head.js';
import { benchEcho, benchGrid, benchWss } from './server/echo.js';
import { benchFanout } from './server/fanout.js';
import { benchHandshakes } from './server/handshakes.js';
import { benchIdle } from './server/idle.js';
import { version } from './version.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: 'string' },
    glibc: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '0.6' },
    idle: { type: 'string', default: '8000' },
    write: { type: 'boolean', default: false },
  },
});
const wanted = (/** @type {string} */ part) => positionals.length === 0 || positionals.includes(part);
const { name, program } = runtime(values.runtime);

const machine = `${name}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;
const peers = ['ws', 'bufferutil', 'websocket-driver', 'undici'].map((name) => `${name} ${version(name)}`).join(', ');
console.log(`${machine}, ${peers}\n`);
await benchCodec(program, wanted);

const settings = {
  node: program,
  glibc: values.glibc,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  idle: Number(values.idle),
};
/** What `--write` puts into a README. @type {[string, string, typeof benchEcho][]} */
const parts = [
  ['echo', '../README.md', benchEcho],
  ['grid', 'README.md', benchGrid],
  ['fanout', 'README.md', benchFanout],
  ['handshakes', 'README.md', benchHandshakes],
  ['idle', 'README.md', benchIdle],
  ['wss', 'README.md', benchWss],
];
for (const [part, path, bench] of parts) {
  if (!wanted(part) && !wanted('server')) continue;
  const text = await bench(settings);
  console.log(`${text}\n`);
  if (!values.write) continue;
  const readme = new URL(path, import.meta.url);
  const marks = /** @type {const} */ ([`<!-- ${part} -->`, `<!-- /${part} -->`]);
  writeFileSync(readme, putSection(readFileSync(readme, 'utf8'), ...marks, `${machine}. ${text}`));
}
if (wanted('bun')) await benchBun();
if (wanted('deflate')) await benchDeflate(program);
if (wanted('deno')) await benchDeno();
if (wanted('head')) benchHead();

/** @param {string | undefined} wanted */
function runtime(wanted) {
  if (wanted === undefined) return { name: `Node ${process.versions.node}`, program: process.execPath };
  if (wanted !== 'bun') return { name: `Node ${versionOf(wanted)}`, program: binaryOf(wanted, 'bin/node') };
  return { name: `Bun ${bun.version}`, program: bun.binary() };
}
