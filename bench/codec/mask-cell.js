import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Maskable } from '@ws/codec';
import { bigUint64Kernel } from '@ws/codec/mask-biguint64';

/** @typedef {{ size: number }} MaskCell */

const load = createRequire(import.meta.url);

/** So many places in an array, at every alignment. */
const PLACES = 64;

/**
 * Unmasks in place; nanoseconds per KiB.
 *
 * @param {string} contestant
 * @param {MaskCell} cell
 * @returns {import('./worker.js').Work}
 */
export function maskCell(contestant, { size }) {
  const bytes = new Uint8Array(randomBytes(size + PLACES * 5));
  const mask = maskers[contestant];
  if (mask === undefined) throw new Error(`There is no masker ${contestant}`);
  const apply = mask(bytes, size);
  return {
    run() {
      for (let i = 0; i < PLACES; i++) apply(i * 5, 0x37fa213d + i);
      return (PLACES * size) / 1024;
    },
  };
}

/** @type {Record<string, (bytes: Uint8Array, size: number) => (at: number, key: number) => void>} */
const maskers = {
  'byte loop'(bytes, size) {
    const mask = new Uint8Array(4);
    return (at, key) => {
      mask[0] = key >>> 24;
      mask[1] = key >>> 16;
      mask[2] = key >>> 8;
      mask[3] = key;
      for (let i = 0; i < size; i++) bytes[at + i] = (bytes[at + i] ?? 0) ^ (mask[i & 3] ?? 0);
    };
  },
  int32(bytes, size) {
    const words = new Maskable(bytes);
    return (at, key) => words.mask(at, at + size, key);
  },
  bigUint64(bytes, size) {
    const words = new Maskable(bytes, bigUint64Kernel);
    return (at, key) => words.mask(at, at + size, key);
  },
  bufferutil(bytes, size) {
    const { unmask } = load('bufferutil');
    const mask = Buffer.alloc(4);
    return (at, key) => {
      mask.writeInt32BE(key | 0, 0);
      unmask(bytes.subarray(at, at + size), mask);
    };
  },
  memcpy(bytes, size) {
    const source = new Uint8Array(bytes);
    return (at) => bytes.set(source.subarray(at, at + size), at);
  },
};
