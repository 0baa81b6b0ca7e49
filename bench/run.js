/**
 * All figures of the READMEs: `npm run bench`, or `npm run bench -- codec` or `-- echo` for a part, and `--node 24`
 * for the contestants to run on another Node than this one (20, 22, 24 or 26).
 *
 * Contestants take turns within a round, so that what else the machine does falls on all of them alike; a figure is the
 * median over the rounds. Only ratios within one table compare.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { binaryOf, versionOf } from '@ws/runtimes';
import { benchCodec } from './codec/bench.js';
import { benchEcho } from './echo/bench.js';
import { version } from './version.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } });
const wanted = (/** @type {string} */ part) => positionals.length === 0 || positionals.includes(part);
const node = values.node === undefined ? process.execPath : binaryOf(`node-${values.node}`, 'bin/node');
const nodeVersion = values.node === undefined ? process.versions.node : versionOf(`node-${values.node}`);

const peers = ['ws', 'bufferutil', 'websocket-driver', 'undici'].map((name) => `${name} ${version(name)}`).join(', ');
console.log(`Node ${nodeVersion}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${peers}\n`);
if (wanted('codec')) await benchCodec(node);
if (wanted('echo')) await benchEcho(node);
