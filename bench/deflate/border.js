/**
 * Where the border lies between what is done at once and what goes to the thread pool: microseconds of the main thread.
 */
import { performance } from 'node:perf_hooks';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib';
import { median, printTable } from '../table.js';
import { makeMessages } from './load.js';

const SIZES = [256, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
/** Up to here, @ws/permessage-deflate inflates at once. */
const AT_ONCE = 16_384;
const ROUNDS = 5;
const options = { flush: constants.Z_SYNC_FLUSH, chunkSize: 65_536 };

export async function benchBorder() {
  console.log(
    `Compression, level 6, JSON, a context that is there already: microseconds of the main thread a message, median of ${ROUNDS} rounds\n`,
  );
  const rows = [];
  for (const size of SIZES) {
    const plain = makeMessages(size, 32);
    const packed = plain.map((message) => deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }));
    const cells = [
      await measure(plain, createDeflateRaw(options), atOnce),
      await measure(plain, createDeflateRaw(options), inPool),
      await measure(packed, createInflateRaw(options), atOnce),
      await measure(packed, createInflateRaw(options), inPool),
    ];
    rows.push([`${size} B`, ...cells.map((microseconds) => microseconds.toFixed(1))]);
  }
  printTable(['message', 'deflate at once', 'in the pool', 'inflate at once', 'in the pool'], rows);

  const worst = await measure([emptyBlocks(AT_ONCE)], createInflateRaw(options), atOnce);
  console.log(`The worst ${AT_ONCE} bytes to inflate at once, tables and nothing else: ${worst.toFixed(0)} us\n`);
}

/**
 * Blocks with tables of their own that say nothing but their end (RFC 1951, section 3.2.7).
 *
 * @param {number} length in bytes
 */
function emptyBlocks(length) {
  // Of 16, which repeats, 9, 1, and five that do not occur.
  const lengthsOfCodes = '100 000 000 000 000 000 010 111 000 111 000 011 000 101 000 001 000 110';
  const nines = ['10', '011 '.repeat(42), '000']; // one, six, and three of them: all bytes
  const block = `0 01 00000 00000 0111 ${lengthsOfCodes} ${nines.join(' ')} 110 110 0`.replaceAll(' ', '');
  const bits = block.repeat(Math.floor((length * 8) / block.length));
  return Buffer.from(Array.from({ length: bits.length >> 3 }, (_, i) => parseByte(bits.slice(i * 8, i * 8 + 8))));
}

/** @param {string} bits the lowest first */
const parseByte = (bits) => Number.parseInt([...bits].reverse().join(''), 2);

/** @typedef {import('node:zlib').DeflateRaw | import('node:zlib').InflateRaw} Stream */

const output = Buffer.alloc(131_072);

/** @param {Stream} stream @param {Buffer} message */
function atOnce(stream, message) {
  // What Node has inside, as the package uses it.
  const { _handle: handle } = /** @type {any} */ (stream);
  handle.reset();
  handle.writeSync(constants.Z_SYNC_FLUSH, message, 0, message.length, output, 0, output.length);
}

/** @param {Stream} stream @param {Buffer} message @returns {Promise<void>} */
function inPool(stream, message) {
  stream.reset();
  return new Promise((resolve) => stream.write(message, () => resolve()));
}

/**
 * @param {readonly Buffer[]} messages
 * @param {Stream} stream
 * @param {(stream: Stream, message: Buffer) => void | Promise<void>} work
 */
async function measure(messages, stream, work) {
  stream.on('data', () => {});
  const count = Math.max(100, Math.min(2000, Math.ceil(2e7 / (messages[0]?.length ?? 1) / 10)));
  const rounds = [];
  for (let round = -1; round < ROUNDS; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    const before = performance.eventLoopUtilization();
    for (let i = 0; i < count; i++) await work(stream, /** @type {Buffer} */ (messages[i % messages.length]));
    const { active } = performance.eventLoopUtilization(before);
    if (round >= 0) rounds.push((active * 1000) / count);
  }
  stream.destroy();
  return median(rounds);
}
