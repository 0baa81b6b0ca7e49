/**
 * All figures of the READMEs: `npm run bench`. For a part of them: `npm run bench -- decode encode mask memory echo bun deflate deno`; and
 * for the contestants to run elsewhere than on this Node: `--runtime node-20` (-22, -24, -26), or `--runtime bun` (mask).
 *
 * Contestants take turns within a round, so that what else the machine does falls on all of them alike; a figure is the
 * median over the rounds. Only ratios within one table compare.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { binaryOf, versionOf } from '@ws/runtimes';
import { benchBun } from './bun/bench.js';
import { benchCodec } from './codec/bench.js';
import { benchDeflate } from './deflate/bench.js';
import { benchDeno } from './deno/bench.js';
import { benchEcho } from './echo/bench.js';
import { version } from './version.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { runtime: { type: 'string' } } });
const wanted = (/** @type {string} */ part) => positionals.length === 0 || positionals.includes(part);
const { name, program } = runtime(values.runtime);

const peers = ['ws', 'bufferutil', 'websocket-driver', 'undici'].map((name) => `${name} ${version(name)}`).join(', ');
console.log(`${name}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${peers}\n`);
await benchCodec(program, wanted);
if (wanted('echo')) await benchEcho(program);
if (wanted('bun')) await benchBun();
if (wanted('deflate')) await benchDeflate(program);
if (wanted('deno')) await benchDeno();

/** @param {string | undefined} wanted */
function runtime(wanted) {
  if (wanted === undefined) return { name: `Node ${process.versions.node}`, program: process.execPath };
  if (wanted !== 'bun') return { name: `Node ${versionOf(wanted)}`, program: binaryOf(wanted, 'bin/node') };
  const bun = '@oven/bun-linux-x64';
  return { name: `Bun ${versionOf(bun)}`, program: binaryOf(bun, 'bin/bun') };
}
