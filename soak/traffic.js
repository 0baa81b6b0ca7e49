/** Messages that say who they are: their connection, their number, and a checksum of the rest. */
import { crc32 } from 'node:zlib';
import { Random } from '@ws/testkit';

const POOL_BYTES = 512 * 1024;
const CELL = 8;

const BINARY = Buffer.from(new Random(1).bytes(POOL_BYTES));
const TEXT = makeText(new Random(2));

/**
 * Cells of eight bytes that end with a character, of one, two and four bytes: cut at a cell's end it is UTF-8.
 *
 * @param {Random} random
 */
function makeText(random) {
  let text = '';
  const words = Array.from({ length: 64 }, () => {
    const letter = () => String.fromCharCode(97 + random.below(26));
    return `${letter()}${letter()}${String.fromCharCode(0xe0 + random.below(24))}${String.fromCodePoint(0x1f600 + random.below(64))}`;
  });
  for (let bytes = 0; bytes < POOL_BYTES; bytes += CELL) text += random.pick(words);
  return Buffer.from(text);
}

/** Characters before the body: connection, number and checksum in hex. */
const HEAD = 24;

/**
 * Sizes as servers see them: most are small, few are large. In bytes.
 *
 * @param {Random} random
 */
function size(random) {
  const kind = random.below(1000);
  if (kind < 700) return random.below(102);
  if (kind < 900) return random.below(2048);
  if (kind < 995) return random.below(16_384);
  return random.below(256 * 1024);
}

/**
 * A message on its way: what its echo has to be.
 *
 * @typedef {{ number: number, isText: boolean, length: number, checksum: number }} Sent
 */

/**
 * @param {Random} random
 * @param {number} connection
 * @param {number} number
 * @returns {{ payload: Buffer, sent: Sent }}
 */
export function makeMessage(random, connection, number) {
  const isText = random.oneIn(2);
  const pool = isText ? TEXT : BINARY;
  const length = isText ? size(random) & -CELL : size(random);
  const from = random.below(POOL_BYTES - length) & -CELL;
  const body = pool.subarray(from, from + length);
  const checksum = crc32(body);
  const payload = Buffer.concat([Buffer.from(hex(connection) + hex(number) + hex(checksum)), body]);
  return { payload, sent: { number, isText, length: payload.length, checksum } };
}

/** @param {number} number */
const hex = (number) => number.toString(16).padStart(8, '0');

/**
 * What is wrong with a message that came, as the echo of the next that was sent.
 *
 * @param {Buffer} payload
 * @param {boolean} isText
 * @param {number} connection
 * @param {Sent | undefined} sent
 * @returns {string | undefined}
 */
export function judgeMessage(payload, isText, connection, sent) {
  const [from, number, checksum] = [0, 8, 16].map((at) => Number.parseInt(payload.toString('latin1', at, at + 8), 16));
  const what = `${payload.length} bytes of ${isText ? 'text' : 'binary'}, connection ${from}, number ${number}`;
  if (payload.length < HEAD || crc32(payload.subarray(HEAD)) !== checksum) return `corrupted: ${what}: wrong checksum`;
  if (from !== connection) return `corrupted: ${what}: of another connection`;
  if (sent === undefined) return `reordered: ${what}: nothing was sent`;
  if (number !== sent.number) return `reordered: ${what}: ${sent.number} was next`;
  if (isText !== sent.isText || payload.length !== sent.length || checksum !== sent.checksum)
    return `corrupted: ${what}: not what was sent`;
  return undefined;
}
