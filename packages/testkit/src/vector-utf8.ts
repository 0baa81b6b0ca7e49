import { fromHex, toHex } from './hex.ts';
import { firstBadUtf8, utf8Of } from './naive-utf8.ts';
import { packBytes, type Utf8Vector } from './vector-json.ts';

type Case = readonly [name: string, bytes: Uint8Array];

const point = (codePoint: number): string => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
const of = (codePoint: number): Case => [point(codePoint), utf8Of(String.fromCodePoint(codePoint))];
const hexes = (about: string, list: readonly string[]): Case[] =>
  list.map((hex) => [`${about}: ${hex.match(/../g)!.join(' ')}`, fromHex(hex)]);
const named = (about: string, cases: readonly Case[]): Case[] =>
  cases.map(([name, bytes]) => [`${about}: ${name}`, bytes]);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** A surrogate as if it were a character: three bytes that are never legal. */
const surrogate = (unit: number): string =>
  toHex(Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)));

const HIGH = [0xd800, 0xdb7f, 0xdb80, 0xdbff];
const LOW = [0xdc00, 0xdf80, 0xdfff];

/** Sequences of the lengths that UTF-8 has, or once had, without their last byte. */
const CUT = [
  'c2',
  'df',
  'e080',
  'e0a0',
  'efbf',
  'f08080',
  'f09080',
  'f48fbf',
  'f7bfbf',
  'f8888080',
  'fbbfbfbf',
  'fc84808080',
  'fdbfbfbfbf',
];

/** Texts that decoders get wrong, in the order of Markus Kuhn's stress test, with Unicode's limit of U+10FFFF. */
const CASES: readonly Case[] = [
  ['nothing', new Uint8Array(0)],
  ['ASCII', utf8Of('Hello')],
  ['Greek with an accent of its own', utf8Of('κόσμε')],
  ['every length of sequence', utf8Of('a\u00e9\u20ac\u{1f600}')],
  ...named('the first of its length', [0, 0x80, 0x800, 0x10000].map(of)),
  ...hexes('the first of a length that is no more', ['f888808080', 'fc8480808080']),
  ...named('the last of its length', [0x7f, 0x7ff, 0xffff].map(of)),
  ...hexes('the last of a length', ['f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf']),
  ...named('beside a border', [0xd7ff, 0xe000, 0xfffd, 0x10ffff].map(of)),
  ...hexes('beyond U+10FFFF', ['f4908080', 'f4bfbfbf', 'f5808080']),

  ...hexes(
    'a continuation byte alone',
    range(0x80, 0xbf).map((byte) => toHex(Uint8Array.of(byte))),
  ),
  ...range(2, 7).map(
    (count): Case => [
      `${count} continuation bytes`,
      Uint8Array.from({ length: count }, (_, i) => (i % 2 ? 0xbf : 0x80)),
    ],
  ),
  ...hexes(
    'a first byte and a space',
    range(0xc0, 0xff).map((byte) => toHex(Uint8Array.of(byte, 0x20))),
  ),
  ...hexes('cut off', CUT),
  ...hexes(
    'cut off, and a letter',
    CUT.map((hex) => `${hex}41`),
  ),
  ['all that is cut off, one after the other', fromHex(CUT.join(''))],
  ...hexes('bytes that UTF-8 does not have', ['fe', 'ff', 'fefeffff', 'c0', 'c1', 'f5']),

  ...hexes('overlong solidus', ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af']),
  ...hexes('the last overlong form', ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf']),
  ...hexes('overlong U+0000', ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080']),

  ...named(
    'one surrogate',
    [...HIGH, ...LOW].map((unit) => [point(unit), fromHex(surrogate(unit))]),
  ),
  ...named(
    'a pair of surrogates',
    HIGH.flatMap((high) =>
      LOW.map((low): Case => [`${point(high)} ${point(low)}`, fromHex(surrogate(high) + surrogate(low))]),
    ),
  ),
  ['a surrogate behind text', fromHex(`61e282ac${surrogate(0xd800)}61`)],

  ...named(
    'a noncharacter, which is legal',
    range(0, 16)
      .flatMap((plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff])
      .map(of),
  ),
  ...named('a noncharacter, which is legal', range(0xfdd0, 0xfdef).map(of)),
  ['a BOM, which is a character', utf8Of('\ufeffa')],
  ['a BOM inside', utf8Of('a\ufeffa')],
  ['a bad byte behind a run of ASCII', Uint8Array.from([...new Uint8Array(63).fill(0x61), 0xff, 0x61])],
  ['a character over the 64th byte', Uint8Array.from([...new Uint8Array(62).fill(0x61), ...utf8Of('€a')])],
];

export function utf8Vectors(): Utf8Vector[] {
  return CASES.map(([name, bytes]) => {
    const { bad, incomplete } = firstBadUtf8(bytes);
    const valid = bad === -1 && !incomplete;
    return { name, bytes: packBytes(bytes), valid, firstBad: bad === -1 ? null : bad, truncated: incomplete };
  });
}
