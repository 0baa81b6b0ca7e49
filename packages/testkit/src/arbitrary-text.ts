import * as fc from 'fast-check';
import { utf8Of } from './naive-utf8.ts';
import { concat } from './raw-frame.ts';

/** Code points at the ends of each length of sequence, around the surrogates, and the BOM. */
const EDGES = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfeff, 0xffff];
const EDGES_OF_FOUR = [0x10000, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10ffff];

/** Well-formed strings with sequences of every length. */
export function text(maxLength = 20): fc.Arbitrary<string> {
  const edge = fc.constantFrom(...EDGES, ...EDGES_OF_FOUR).map((point) => String.fromCodePoint(point));
  const unit = fc.oneof(
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: edge },
  );
  return fc.string({ unit, maxLength });
}

/** Valid UTF-8; now and then an ASCII run before it that puts the text over one of the frame's lengths. */
export function utf8(maxLength?: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const run = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 300 }) });
  return fc
    .tuple(maxLength === undefined ? run : fc.constant(0), text(maxLength))
    .map(([spaces, string]) => utf8Of(' '.repeat(spaces) + string));
}

/** Sequences that are not UTF-8, with the index of the first byte that cannot continue (Unicode table 3-7). */
const ILL_FORMED: readonly (readonly [bad: number, ...bytes: number[]])[] = [
  [0, 0x80],
  [0, 0xbf],
  [0, 0xc0, 0x80],
  [0, 0xc1, 0xbf],
  [0, 0xf5, 0x80, 0x80, 0x80],
  [0, 0xf8, 0x88, 0x80, 0x80, 0x80],
  [0, 0xfe],
  [0, 0xff],
  [1, 0xc2, 0x41],
  [1, 0xdf, 0xc2, 0x80],
  [1, 0xe0, 0x80, 0x80],
  [1, 0xe0, 0x9f, 0xbf],
  [1, 0xed, 0xa0, 0x80],
  [1, 0xed, 0xbf, 0xbf],
  [1, 0xf0, 0x80, 0x80, 0x80],
  [1, 0xf0, 0x8f, 0xbf, 0xbf],
  [1, 0xf4, 0x90, 0x80, 0x80],
  [2, 0xe2, 0x82, 0x41],
  [2, 0xf0, 0x9f, 0xc0, 0x80],
  [3, 0xf0, 0x9f, 0x98, 0x7f],
  [3, 0xf4, 0x8f, 0xbf, 0xc0],
];

const CUT_OFF: readonly (readonly number[])[] = [
  [0xc3],
  [0xe2],
  [0xe2, 0x82],
  [0xf0],
  [0xf0, 0x9f],
  [0xf0, 0x9f, 0x98],
];

/** Bytes that are not UTF-8, and where that shows. */
export interface IllFormed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The first byte that cannot continue the text; the length, when the text is only cut off. */
  readonly bad: number;
}

/** Text with one planted flaw: a bad sequence with anything behind it, or a cut tail. */
export function illFormedUtf8(maxLength?: number): fc.Arbitrary<IllFormed> {
  const flaw = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...ILL_FORMED), fc.uint8Array({ maxLength: 6 }))
        .map(([[bad, ...bytes], behind]) => ({ bad, bytes: [...bytes, ...behind] })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...CUT_OFF).map((bytes) => ({ bad: bytes.length, bytes: [...bytes] })) },
  );
  return fc.tuple(utf8(maxLength), flaw).map(([before, { bad, bytes }]) => ({
    bytes: concat([before, Uint8Array.from(bytes)]),
    bad: before.length + bad,
  }));
}

/**
 * Bytes on both sides of the border: valid text, text with one flaw, text with a byte changed, and soup of lead and
 * tail bytes.
 */
export function nearlyUtf8(): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const leadsAndTails = fc.constantFrom(
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc1,
    0xc2,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
  );
  return fc.oneof(
    utf8(),
    illFormedUtf8().map(({ bytes }) => bytes),
    fc.tuple(utf8(), fc.nat({ max: 100 }), fc.nat({ max: 255 })).map(([bytes, at, byte]) => {
      const changed = bytes.slice();
      if (at < changed.length) changed[at] = byte;
      return changed;
    }),
    fc.array(leadsAndTails, { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes)),
  );
}
