import { concat } from '@ws/testkit';

/**
 * DEFLATE as RFC 1951 tells it, bit by bit, with the tables that zlib takes: slow, and an oracle.
 */
export interface NaiveResult {
  readonly output: Uint8Array;
  /** How far back the farthest reference goes. */
  readonly farthest: number;
  /** Where the headers of blocks with code tables are: their first bit, and the one behind the tables. */
  readonly tables: readonly (readonly [from: number, to: number])[];
  /** Whether the last block is the last of its stream, too. */
  readonly ended: boolean;
}

const LENGTHS = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * The codes of a table, as strings of bits (section 3.2.2).
 *
 * @throws unless every bit string leads to a code; zlib lets one code of one bit pass, and for distances none
 */
function codesOf(lengths: readonly number[], few = false): Map<string, number> {
  const used = lengths.filter((length) => length > 0);
  const room = used.reduce((sum, length) => sum + 2 ** -length, 0);
  if (room !== 1 && !(few && (used.length === 0 || (used.length === 1 && used[0] === 1))))
    throw new Error('the codes of a table');
  const codes = new Map<string, number>();
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, of] of lengths.entries()) {
      if (of === length) codes.set((code++).toString(2).padStart(length, '0'), symbol);
    }
    code <<= 1;
  }
  return codes;
}

const FIXED_LITERALS = codesOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
const FIXED_DISTANCES = codesOf(Array.from({ length: 32 }, () => 5));

/**
 * @param before what references may go back to
 * @throws if the data is not legal
 */
export function inflateNaively(input: Uint8Array, before: Uint8Array = new Uint8Array(0)): NaiveResult {
  let at = 0;
  const output = [...before];
  /** Where in the output the stream begins. */
  let beginning = 0;
  let farthest = 0;
  const headers: [number, number][] = [];
  let ended = false;
  const bit = (): number => {
    if (at >= input.length * 8) throw new Error('the input is over');
    return (input[at >> 3]! >> (at++ & 7)) & 1;
  };
  const number = (bits: number): number => {
    let value = 0;
    for (let i = 0; i < bits; i++) value |= bit() << i;
    return value;
  };
  const symbol = (codes: Map<string, number>): number => {
    let code = '';
    for (;;) {
      code += bit();
      const found = codes.get(code);
      if (found !== undefined) return found;
      if (code.length > 15) throw new Error('no such code');
    }
  };
  const stored = (): void => {
    at = (at + 7) & ~7;
    const length = number(16);
    if (number(16) !== (~length & 0xffff)) throw new Error('the length of a stored block');
    for (let i = 0; i < length; i++) output.push(number(8));
  };
  const tables = (): [Map<string, number>, Map<string, number>] => {
    const [literals, distances, count] = [number(5) + 257, number(5) + 1, number(4) + 4];
    if (literals > 286 || distances > 30) throw new Error('too many codes');
    const lengths = Array.from({ length: 19 }, () => 0);
    for (let i = 0; i < count; i++) lengths[ORDER[i]!] = number(3);
    const codes = codesOf(lengths);
    const all: number[] = [];
    while (all.length < literals + distances) {
      const next = symbol(codes);
      if (next < 16) all.push(next);
      else if (next === 16) {
        const last = all.at(-1);
        if (last === undefined) throw new Error('nothing to repeat');
        all.push(...Array.from({ length: number(2) + 3 }, () => last));
      } else all.push(...Array.from({ length: next === 17 ? number(3) + 3 : number(7) + 11 }, () => 0));
    }
    if (all.length > literals + distances || all[256] === 0) throw new Error('the lengths of codes');
    return [codesOf(all.slice(0, literals), true), codesOf(all.slice(literals), true)];
  };
  const compressed = (literals: Map<string, number>, distances: Map<string, number>): void => {
    for (;;) {
      const next = symbol(literals);
      if (next === 256) return;
      if (next < 256) {
        output.push(next);
        continue;
      }
      if (next > 285) throw new Error('no such length');
      const length = LENGTHS[next - 257]! + number(LENGTH_BITS[next - 257]!);
      const code = symbol(distances);
      if (code > 29) throw new Error('no such distance');
      const extra = Math.max(0, (code >> 1) - 1);
      const distance = (code < 2 ? code : (2 + (code & 1)) << extra) + number(extra) + 1;
      if (distance > output.length - beginning) throw new Error('a reference to before the beginning');
      farthest = Math.max(farthest, distance);
      for (let i = 0; i < length; i++) output.push(output[output.length - distance]!);
    }
  };
  while (at < input.length * 8) {
    const start = at;
    ended = bit() === 1;
    const type = number(2);
    if (type === 0) stored();
    else if (type === 1) compressed(FIXED_LITERALS, FIXED_DISTANCES);
    else if (type === 2) {
      const codes = tables();
      headers.push([start, at]);
      compressed(...codes);
    } else throw new Error('no such type of block');
    if (ended) {
      // RFC 7692, section 7.2.1: the next stream follows at a byte's beginning.
      at = (at + 7) & ~7;
      beginning = output.length;
    }
  }
  return { output: Uint8Array.from(output.slice(before.length)), farthest, tables: headers, ended };
}

/**
 * What RFC 7692, section 7.2.2, makes of a message that refers to none before it. Its last block is a final one, or it
 * ends with the header of a stored block, as it must: then any length may follow.
 *
 * @returns undefined if it is not legal
 */
export function readNaively(message: Uint8Array): NaiveResult | undefined {
  const read = (...behind: number[]): NaiveResult | undefined => {
    try {
      return inflateNaively(concat([message, Uint8Array.from(behind)]));
    } catch {
      return undefined;
    }
  };
  const alone = read();
  if (alone?.ended) return alone;
  const [empty, x] = [read(0, 0, 0xff, 0xff), read(1, 0, 0xfe, 0xff, 0x78)];
  return empty && x && Buffer.compare(x.output, concat([empty.output, Uint8Array.of(0x78)])) === 0 ? empty : undefined;
}
