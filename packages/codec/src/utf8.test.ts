import { isUtf8 } from 'node:buffer';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hex } from './hex.suite.ts';
import { decodeAscii, decodeUtf8, decodeUtf8Purely, encodeUtf8, encodeUtf8Purely, Utf8Validator } from './utf8.ts';

/** The characters at the edges of Unicode's table 3-7, row by row. */
const EDGES = [
  ['\u0000', '00'],
  ['\u007f', '7f'],
  ['\u0080', 'c280'],
  ['\u07ff', 'dfbf'],
  ['\u0800', 'e0a080'],
  ['\u0fff', 'e0bfbf'],
  ['\u1000', 'e18080'],
  ['\ucfff', 'ecbfbf'],
  ['\ud000', 'ed8080'],
  ['\ud7ff', 'ed9fbf'],
  ['\ue000', 'ee8080'],
  ['\uffff', 'efbfbf'],
  ['\u{10000}', 'f0908080'],
  ['\u{3ffff}', 'f0bfbfbf'],
  ['\u{40000}', 'f1808080'],
  ['\u{fffff}', 'f3bfbfbf'],
  ['\u{100000}', 'f4808080'],
  ['\u{10ffff}', 'f48fbfbf'],
] as const;

test.each(EDGES)('%j is %s', (character, digits) => {
  const bytes = hex(digits);
  const validator = new Utf8Validator();
  for (let i = 0; i < bytes.length; i++) {
    expect(validator.push(bytes, i, i + 1)).toBe(-1);
    expect(validator.complete).toBe(i === bytes.length - 1);
  }
  for (const encode of [encodeUtf8, encodeUtf8Purely]) expect(encode(character)).toEqual(bytes);
  for (const decode of [decodeUtf8, decodeUtf8Purely]) expect(decode(bytes)).toBe(character);
});

test.each([
  ['80', 0],
  ['bf', 0],
  ['c1', 0],
  ['f5', 0],
  ['c27f', 1],
  ['c2c0', 1],
  ['e09f', 1],
  ['e0c0', 1],
  ['e17f', 1],
  ['e1c0', 1],
  ['ed7f', 1],
  ['eda0', 1],
  ['f08f', 1],
  ['f0c0', 1],
  ['f17f', 1],
  ['f1c0', 1],
  ['f47f', 1],
  ['f490', 1],
  ['e0a07f', 2],
  ['ed80c0', 2],
  ['f0907f', 2],
  ['f480c0', 2],
  ['f090807f', 3],
  ['f48080c0', 3],
])('%s is no UTF-8 at byte %i', (digits, at) => {
  expect(new Utf8Validator().push(hex(digits))).toBe(at);
  for (const decode of [decodeUtf8, decodeUtf8Purely]) expect(() => decode(hex(digits))).toThrow(TypeError);
});

test.each(['c2', 'e1', 'e180', 'f1', 'f180', 'f18080'])('%s is a part of a character', (digits) => {
  const validator = new Utf8Validator();
  expect([validator.push(hex(digits)), validator.complete]).toEqual([-1, false]);
  expect(() => decodeUtf8Purely(hex(digits))).toThrow(TypeError);
});

test.each(['e0', 'ed', 'f0', 'f4'])('after reset() nothing is left of %s', (digits) => {
  const validator = new Utf8Validator();
  validator.push(hex(digits));
  validator.reset();
  expect([validator.push(hex('c280c2bf')), validator.complete]).toEqual([-1, true]);
});

test.each([
  ['ff', 0],
  ['80', 0],
  ['c2', 1],
  ['e180c1', 2],
])('%s at each place among ASCII is found there', (digits, at) => {
  for (const ascii of [0x00, 0x61, 0x7f]) {
    for (let place = 0; place < 14; place++) {
      const bytes = new Uint8Array(20).fill(ascii);
      bytes.set(hex(digits), place);
      expect(new Utf8Validator().push(bytes), `at ${place} among ${ascii}`).toBe(place + at);
      expect(() => decodeUtf8(bytes)).toThrow(TypeError);
    }
  }
});

describe('a check that is lent', () => {
  /** Judges pieces one after the other, and tells for which bytes the check was asked. */
  function judge(...pieces: Uint8Array[]): { bad: number; complete: boolean; asked: string[] } {
    const asked: string[] = [];
    const validator = new Utf8Validator((bytes) => {
      asked.push(Buffer.from(bytes).toString('latin1'));
      return isUtf8(bytes);
    });
    let bad = -1;
    for (const piece of pieces) if (bad === -1) bad = validator.push(piece);
    return { bad, complete: validator.complete, asked };
  }
  const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
  const a = (count: number) => 'a'.repeat(count);

  test('is asked from 64 bytes on, for all but the last character', () => {
    expect(judge(latin1(a(63)))).toEqual({ bad: -1, complete: true, asked: [] });
    expect(judge(latin1(a(64)))).toEqual({ bad: -1, complete: true, asked: [a(63)] });
  });

  test('is asked for whole characters only, also where one began before', () => {
    const smile = '\xf0\x9f\x99\x82';
    for (let cut = 1; cut < 4; cut++) {
      expect(judge(latin1(`${a(70)}${smile.slice(0, cut)}`), latin1(`${smile.slice(cut)}${a(70)}`))).toEqual({
        bad: -1,
        complete: true,
        asked: [a(70), a(69)],
      });
    }
    expect(judge(latin1(`${a(70)}${smile}`))).toEqual({ bad: -1, complete: true, asked: [a(70)] });
    expect(judge(latin1(`${a(70)}\xf0\x9f`))).toEqual({ bad: -1, complete: false, asked: [a(70)] });
  });

  test('leaves to the loop where the bad byte is', () => {
    expect(judge(latin1(`${a(30)}\xff${a(70)}`))).toMatchObject({ bad: 30 });
    expect(judge(latin1(`${a(70)}\xe1`), latin1(a(70)))).toMatchObject({ bad: 0, asked: [a(70)] });
    expect(judge(latin1(`${a(70)}\x80\x80\x80\x80`))).toMatchObject({ bad: 70, asked: [a(70)] });
  });
});

test('ASCII of every length is read from its place', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const bytes = hex(Buffer.from(alphabet).toString('hex'));
  for (let length = 0; length <= 40; length++) {
    expect(decodeAscii(bytes, 3, 3 + length)).toBe(alphabet.slice(3, 3 + length));
    expect(decodeUtf8(bytes.subarray(3, 3 + length))).toBe(alphabet.slice(3, 3 + length));
  }
});

test('a lone surrogate is written as U+FFFD', () => {
  for (const encode of [encodeUtf8, encodeUtf8Purely]) {
    for (const lone of ['\ud800', '\udbff', '\udc00', '\udfff']) expect(encode(`a${lone}`)).toEqual(hex('61efbfbd'));
  }
});

describe('a TextDecoder of a polyfill', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  const Native = TextDecoder;
  const replacement = (after: (options: { ignoreBOM?: boolean; fatal?: boolean }) => object) =>
    class {
      readonly #inner: InstanceType<typeof Native>;

      constructor(label: string, options: object) {
        this.#inner = new Native(label, after(options));
      }

      decode(bytes: Uint8Array): string {
        return this.#inner.decode(bytes);
      }
    };

  test.each<[string, unknown]>([
    [
      'that refuses fatal',
      replacement(() => {
        throw new Error("the 'fatal' option is unsupported");
      }),
    ],
    ['that does not know fatal', replacement(({ ignoreBOM }) => ({ ignoreBOM }))],
    ['that does not know ignoreBOM', replacement(({ fatal }) => ({ fatal }))],
    ['that is none at all', class {}],
    ['that knows both', replacement((options) => options)],
  ])('%s', async (_, TextDecoder) => {
    vi.resetModules();
    vi.stubGlobal('TextDecoder', TextDecoder);
    const { decodeUtf8 } = await import('./utf8.ts');
    vi.unstubAllGlobals();
    const text = `\ufeff${'é'.repeat(30)}`;
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    expect(() => decodeUtf8(Uint8Array.of(...encodeUtf8(text), 0xff))).toThrow(TypeError);
  });
});
