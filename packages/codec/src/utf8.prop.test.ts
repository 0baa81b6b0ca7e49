import {
  afterByte,
  BETWEEN_SEQUENCES,
  type Cuts,
  cuts,
  decodeNaively,
  firstBadUtf8,
  maskingKey,
  nearlyUtf8,
  pushAll,
  type RawFrame,
  Recorder,
  rawFrames,
  split,
  text,
  utf8,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, MessageDecoder, Utf8Validator } from './index.ts';
import { decodeUtf8Purely, encodeUtf8Purely } from './utf8.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The engine's own verdict. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

describe('Utf8Validator against Unicode table 3-7', () => {
  const validator = new Utf8Validator();

  function judge(bytes: Uint8Array): { bad: number; incomplete: boolean } {
    validator.reset();
    const bad = validator.push(bytes);
    return { bad, incomplete: bad === -1 && !validator.complete };
  }

  test('all sequences of one, two and three bytes', () => {
    const one = new Uint8Array(1);
    const two = new Uint8Array(2);
    const three = new Uint8Array(3);
    let judged = 0;

    function check(bytes: Uint8Array, bad: number, incomplete: boolean): void {
      judged++;
      const found = judge(bytes);
      if (found.bad !== bad || found.incomplete !== incomplete) expect(found, hex(bytes)).toEqual({ bad, incomplete });
    }

    for (let a = 0; a < 256; a++) {
      one[0] = two[0] = three[0] = a;
      const afterA = afterByte(BETWEEN_SEQUENCES, a);
      check(one, afterA ? -1 : 0, afterA !== undefined && afterA.length > 0);
      for (let b = 0; b < 256; b++) {
        two[1] = three[1] = b;
        const afterB = afterA && afterByte(afterA, b);
        check(two, afterB ? -1 : afterA ? 1 : 0, afterB !== undefined && afterB.length > 0);
        for (let c = 0; c < 256; c++) {
          three[2] = c;
          const afterC = afterB && afterByte(afterB, c);
          check(three, afterC ? -1 : afterB ? 2 : afterA ? 1 : 0, afterC !== undefined && afterC.length > 0);
        }
      }
    }
    expect(judged).toBe(256 + 256 ** 2 + 256 ** 3);
  });

  test('as the last of a text: one or two bytes, after each byte that may come before them', () => {
    let judged = 0;
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        for (const rest of [[], [0x61], [0x80], [0xbf]]) {
          const bytes = Uint8Array.of(a, b, ...rest);
          validator.reset();
          if (validator.push(bytes, 0, 1) !== -1) continue;
          judged++;
          const found = validator.pushLast(bytes, 1);
          const { bad, incomplete } = judge(bytes);
          const wanted = incomplete ? bytes.length - 1 : bad;
          if (found !== wanted) expect(found, hex(bytes)).toBe(wanted);
        }
      }
    }
    expect(judged).toBe((128 + 51) * 256 * 4);
    const cutBefore = (length: number, at: number): number => {
      expect(judge(Uint8Array.of(0xc3)).incomplete).toBe(true);
      return validator.pushLast(new Uint8Array(length), at, at);
    };
    expect([cutBefore(5, 3), cutBefore(5, 0), cutBefore(0, 0)]).toEqual([2, 0, 0]);
  });

  test('all sequences of four bytes that are at an edge of a range', () => {
    const edges = [
      0x00, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x91, 0x9f, 0xa0, 0xa1, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
      0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
    ];
    const bytes = new Uint8Array(4);
    for (let i = 0; i < edges.length ** 4; i++) {
      bytes[0] = edges[i % 29]!;
      bytes[1] = edges[((i / 29) | 0) % 29]!;
      bytes[2] = edges[((i / 841) | 0) % 29]!;
      bytes[3] = edges[(i / 24389) | 0]!;
      const found = judge(bytes);
      const wanted = firstBadUtf8(bytes);
      if (found.bad !== wanted.bad || found.incomplete !== wanted.incomplete) {
        expect(found, hex(bytes)).toEqual(wanted);
      }
    }
  });

  test('the pieces do not matter, nor where in an array they lie', () => {
    fc.assert(
      fc.property(nearlyUtf8(), cuts(), fc.nat({ max: 5 }), (bytes, cuts, before) => {
        const padded = Uint8Array.of(...new Uint8Array(before).fill(0xff), ...bytes, 0xff);
        validator.reset();
        let at = before;
        let bad = -1;
        for (const piece of split(bytes, cuts)) {
          bad = validator.push(padded, at, at + piece.length);
          if (bad !== -1) break;
          at += piece.length;
        }
        const wanted = firstBadUtf8(bytes);
        expect(bad).toBe(wanted.bad === -1 ? -1 : before + wanted.bad);
        if (bad === -1) expect(validator.complete).toBe(!wanted.incomplete);
      }),
      { numRuns: 3000 },
    );
  });
});

test('a check of whole texts that is lent finds the same byte, in long pieces cut anywhere, characters included', () => {
  const long = fc.array(fc.oneof(nearlyUtf8(), utf8(40), utf8(40)), { minLength: 1, maxLength: 12, size: 'max' });
  let judged = 0;
  fc.assert(
    fc.property(long, fc.array(fc.nat({ max: 400 }), { maxLength: 3 }), (parts, cuts) => {
      const bytes = Uint8Array.from(Buffer.concat(parts));
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const results = [new Utf8Validator(isUtf8), new Utf8Validator()].map((validator) => {
        let bad = -1;
        for (let i = 0; i + 1 < places.length && bad === -1; i++) bad = validator.push(bytes, places[i], places[i + 1]);
        return { bad, complete: bad === -1 && validator.complete };
      });
      if (bytes.length >= 64) judged++;
      expect(results[0]).toEqual(results[1]);
      expect(results[1]!.bad === -1 && results[1]!.complete).toBe(isUtf8(bytes));
    }),
    { numRuns: 1000 },
  );
  expect(judged).toBeGreaterThan(300);
  // Each character at each place around the end of a long piece, and what may be wrong with it.
  for (const tail of [
    [],
    [0xc3],
    [0xe2, 0x82],
    [0xf0, 0x9f, 0x99],
    [0xf0, 0x9f, 0x99, 0x82],
    [0x80],
    [0xe0, 0x80],
    [0xf4, 0x90],
  ]) {
    for (const next of [[], [0xa9], [0x82], [0x41], [0x80, 0x80, 0x80, 0x80]]) {
      const bytes = Uint8Array.from([...Array.from({ length: 70 }, () => 0x61), ...tail, ...next]);
      const [fast, slow] = [new Utf8Validator(isUtf8), new Utf8Validator()].map((validator) => {
        const first = validator.push(bytes, 0, 70 + tail.length);
        const second = first === -1 ? validator.push(bytes, 70 + tail.length) : -1;
        return [first, second, first === -1 && second === -1 && validator.complete];
      });
      expect(fast, hex(bytes.subarray(70))).toEqual(slow);
    }
  }
});

describe('text messages', () => {
  /** One text message, in fragments. */
  function message(bytes: Uint8Array, fragments: Cuts, maskingKey: number): RawFrame[] {
    const parts = split(bytes, fragments);
    return parts.map((payload, i) => ({ opcode: i === 0 ? 1 : 0, fin: i === parts.length - 1, maskingKey, payload }));
  }

  test('are accepted exactly when TextDecoder(fatal) accepts them, whatever the fragments and chunks', () => {
    fc.assert(
      fc.property(nearlyUtf8(), cuts(), cuts(), maskingKey(), fc.boolean(), (bytes, fragments, chunks, key, lent) => {
        const recorder = new Recorder();
        // What a platform lends must change nothing.
        const decoder = new MessageDecoder({ role: 'server' }, {}, recorder, lent ? { isUtf8 } : {});
        const stream = rawFrames(message(bytes, fragments, key));
        pushAll(decoder, split(stream, chunks));
        if (isUtf8(bytes)) {
          expect(recorder.transcript()).toEqual([`message opcode=1 rsv=0 ${bytes.length}:${hex(bytes)}`]);
        } else {
          expect(recorder.events).toEqual([]);
          expect(recorder.violations).toMatchObject([decodeNaively(stream, { role: 'server' }).violation!]);
          expect(recorder.violations[0]!.violation).toBe('text-not-utf8');
        }
      }),
      { numRuns: 4000 },
    );
  });

  test('F11: fail at the first bad byte, with no byte of the message behind it', () => {
    fc.assert(
      fc.property(nearlyUtf8(), cuts(), cuts(), maskingKey(), (bytes, fragments, chunks, key) => {
        fc.pre(firstBadUtf8(bytes).bad !== -1);
        const stream = rawFrames(message(bytes, fragments, key));
        const { offset } = decodeNaively(stream, { role: 'server' }).violation!;
        const recorder = new Recorder();
        const decoder = new MessageDecoder({ role: 'server' }, {}, recorder);
        pushAll(decoder, split(stream.subarray(0, offset), chunks));
        expect(recorder.violations).toEqual([]);
        decoder.push(stream.subarray(offset, offset + 1));
        expect(recorder.violations).toMatchObject([{ violation: 'text-not-utf8', closeCode: 1007, offset }]);
      }),
      { numRuns: 1500 },
    );
  });

  test('F12: a character that the last frame leaves unfinished is a violation at its last byte', () => {
    const whole = Buffer.from('a€😀');
    for (const cut of [2, 3, 5, 6, 7]) {
      for (const fragments of [[], [1], [2], [cut], [1, 2, cut]]) {
        const stream = rawFrames(message(whole.subarray(0, cut), fragments, 0x01020304));
        for (const chunks of [[], 'every byte', [stream.length - 1]] as const) {
          const recorder = new Recorder();
          pushAll(new MessageDecoder({ role: 'server' }, {}, recorder), split(stream, chunks));
          expect(recorder.transcript()).toEqual([`violation text-not-utf8 1007 at ${stream.length - 1}`]);
        }
      }
    }
  });

  test('F13: a leading BOM is kept, in the bytes, as a string and in a close reason', () => {
    const withBom = Uint8Array.of(0xef, 0xbb, 0xbf, 0x41);
    const recorder = new Recorder();
    const decoder = new MessageDecoder({ role: 'client' }, {}, recorder);
    decoder.push(rawFrames([{ opcode: 1, payload: withBom }]));
    decoder.push(rawFrames([{ opcode: 8, payload: Uint8Array.of(0x03, 0xe8, ...withBom) }]));
    expect(recorder.transcript()).toEqual(['message opcode=1 rsv=0 4:efbbbf41', 'close 1000 "\ufeffA"']);
    for (const decode of [decodeUtf8, decodeUtf8Purely]) expect(decode(withBom)).toBe('\ufeffA');
  });
});

describe.each([
  ['with the engine', encodeUtf8, decodeUtf8],
  ['purely', encodeUtf8Purely, decodeUtf8Purely],
])('strings, %s', (_, encode, decode) => {
  test('are encoded as Node does it, and come back', () => {
    fc.assert(
      fc.property(text(40), (string) => {
        const bytes = encode(string);
        expect(hex(bytes)).toBe(Buffer.from(string).toString('hex'));
        expect(decode(bytes)).toBe(string);
      }),
      { numRuns: 1000 },
    );
  });

  test('with lone surrogates have U+FFFD in their place', () => {
    const unit = fc.oneof(
      fc.constantFrom('\ud800', '\udbff', '\udc00', '\udfff', 'a', '😀'),
      fc.nat({ max: 65535 }).map((unit) => String.fromCharCode(unit)),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (string) => {
        expect(hex(encode(string))).toBe(Buffer.from(string).toString('hex'));
      }),
      { numRuns: 1000 },
    );
  });

  test('are decoded from valid UTF-8 only', () => {
    fc.assert(
      fc.property(fc.oneof(utf8(), nearlyUtf8()), (bytes) => {
        if (isUtf8(bytes)) expect(decode(bytes)).toBe(Buffer.from(bytes).toString());
        else expect(() => decode(bytes)).toThrow(TypeError);
      }),
      { numRuns: 1000 },
    );
  });
});
