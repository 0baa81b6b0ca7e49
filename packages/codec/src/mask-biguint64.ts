import type { MaskKernel } from './mask-kernel.ts';

const key64 = new BigUint64Array(1);
const key32 = new Int32Array(key64.buffer);

/**
 * The kernel that is fastest on V8 (Node, Deno, Workers, Chromium): twice the others from 128 bytes on. Not for
 * JavaScriptCore (Bun, Safari), where it is a hundred times slower than the default: BigInts are objects there.
 */
export const bigUint64Kernel: MaskKernel<BigUint64Array> = {
  wordBytes: 8,
  words: (buffer) => new BigUint64Array(buffer, 0, buffer.byteLength >>> 3),
  xor(target, at, source, from, count, key) {
    key32[0] = key;
    key32[1] = key;
    // Carried round the loop it would be a BigInt on the heap; read here, it stays in a register.
    const word = key64[0]!;
    let i = 0;
    for (; i + 8 <= count; i += 8) {
      const t = at + i;
      const s = from + i;
      target[t] = source[s]! ^ word;
      target[t + 1] = source[s + 1]! ^ word;
      target[t + 2] = source[s + 2]! ^ word;
      target[t + 3] = source[s + 3]! ^ word;
      target[t + 4] = source[s + 4]! ^ word;
      target[t + 5] = source[s + 5]! ^ word;
      target[t + 6] = source[s + 6]! ^ word;
      target[t + 7] = source[s + 7]! ^ word;
    }
    for (; i < count; i++) target[at + i] = source[from + i]! ^ word;
  },
};
