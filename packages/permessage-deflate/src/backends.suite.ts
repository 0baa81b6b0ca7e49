import { nodeZlib } from './node.ts';
import { pureZlib } from './pure.ts';
import type { Zlib } from './zlib.ts';

/** Every zlib there is, and Node's without what is private in it. */
export const backends: readonly (readonly [name: string, zlib: Zlib])[] = [
  ['zlib of Node', nodeZlib()],
  ['zlib of Node by public means', nodeZlib({ inside: false })],
  ['zlib of Node in turns', nodeZlib({ giveWay: () => new Promise((resolve) => setImmediate(resolve)) })],
  ['pako', pureZlib()],
];

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text));
export const hex = (bytes: Uint8Array | string): string =>
  typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('hex');
export const unhex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** What a message is for zlib: compressible text of any length, always the same. */
export function prose(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = ['the', 'quick', '"name":', '{', 'Ada', 'lovelace', '},', '1234', 'true', 'of', 'compression', '\n'];
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    text += `${words[(state >> 16) % words.length]}${state & 0x400_0000 ? (state >> 8) & 0xff : ''} `;
  }
  return utf8(text.slice(0, length));
}

/** Bytes that cannot be compressed, always the same. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
