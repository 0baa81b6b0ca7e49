import { decodeNaively, illFormedUtf8, maskingKey, Recorder, rawFrame, split, text, whyIllegal } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeClose, encodeClose, encodeFrame, isWireCloseCode, MessageDecoder } from './index.ts';

/** RFC 6455 section 7.4 and IANA's registry, number by number up to 2999. */
const LEGAL = new Set([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]);
for (let code = 3000; code < 5000; code++) LEGAL.add(code);

const bytesOf = (code: number, reason: Uint8Array = new Uint8Array(0)) =>
  Uint8Array.of(code >> 8, code & 255, ...reason);

function read(payload: Uint8Array, chunkAt: readonly number[] = []): string[] {
  const recorder = new Recorder();
  const decoder = new MessageDecoder({ role: 'server' }, {}, recorder);
  const frame = rawFrame({ opcode: 8, maskingKey: 0x9a0b0c0d, payload });
  for (const chunk of split(frame, chunkAt)) decoder.push(chunk);
  return recorder.transcript();
}

test('F9: all 65,536 close codes, by isWireCloseCode, decodeClose, encodeClose and MessageDecoder', () => {
  for (let code = 0; code < 65536; code++) {
    const legal = LEGAL.has(code);
    const payload = bytesOf(code);
    const decoded = decodeClose(payload);
    let encoded: Uint8Array | undefined;
    try {
      encoded = encodeClose(code);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    const delivered = read(payload)[0];
    const right =
      isWireCloseCode(code) === legal &&
      ('code' in decoded ? legal && decoded.code === code : !legal && decoded.offset === 1) &&
      (encoded === undefined ? !legal : legal && encoded[0] === payload[0] && encoded[1] === payload[1]) &&
      delivered === (legal ? `close ${code} ""` : 'violation close-code-illegal 1002 at 7');
    if (!right) expect.fail(`${code}: ${JSON.stringify(decoded)} ${encoded} ${delivered}`);
  }
});

test('what is no 16-bit integer is no close code', () => {
  for (const code of [999.5, 1000.5, -1000, 66536, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(isWireCloseCode(code)).toBe(false);
    expect(() => encodeClose(code)).toThrow(RangeError);
  }
});

test('F9: a reason is the same however the frame is cut', () => {
  const payload = bytesOf(1000, Buffer.from('tschüß 😀'));
  const length = payload.length + 6;
  for (let a = 0; a <= length; a++) {
    for (let b = a; b <= length; b++) expect(read(payload, [a, b])).toEqual(['close 1000 "tschüß 😀"']);
  }
});

test('F9: a payload of one byte', () => {
  expect(decodeClose(Uint8Array.of(3))).toEqual({ violation: 'close-payload-too-short', offset: 0 });
  expect(read(Uint8Array.of(3))).toEqual(['violation close-payload-too-short 1002 at 1']);
});

test('what was encoded is decoded', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LEGAL), text(30), (code, reason) => {
      const size = Buffer.byteLength(reason);
      if (size > 123) return expect(() => encodeClose(code, reason)).toThrow(RangeError);
      const payload = encodeClose(code, reason);
      expect(payload).toHaveLength(2 + size);
      expect(decodeClose(payload)).toEqual({ code, reason });
    }),
    { numRuns: 1000 },
  );
  expect(encodeClose()).toHaveLength(0);
  expect(decodeClose(encodeClose())).toEqual({ code: undefined, reason: '' });
});

test('whatever is asked for: a Close that is legal and says it, or a TypeError or RangeError', () => {
  const seen = { written: 0, thrown: 0 };
  const code = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<unknown>(...LEGAL) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, '1000', 1000n, 1000.5, Number.NaN, {}) },
    { weight: 1, arbitrary: fc.integer({ min: -10, max: 70_000 }) },
  );
  const unit = fc.constantFrom('a', 'é', '€', '😀', '\ud800', '\udc00', '\ufeff', '\0');
  const reason = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit, maxLength: 130, size: 'max' }) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, 5, {}, Uint8Array.of(0x41)) },
  );
  fc.assert(
    fc.property(code, reason, maskingKey(), (code, reason, key) => {
      let payload: Uint8Array;
      try {
        payload = encodeClose(code as number, reason as string);
      } catch (error) {
        seen.thrown++;
        expect([TypeError, RangeError]).toContain((error as Error).constructor);
        const legal = code === undefined ? reason === undefined : LEGAL.has(code as number);
        const text = reason === undefined ? '' : reason;
        expect(legal && typeof text === 'string' && Buffer.byteLength(text) <= 123).toBe(false);
        return;
      }
      seen.written++;
      const stream = encodeFrame({ opcode: 8, payload }, key);
      expect(whyIllegal(stream, 'client')).toBeUndefined();
      // Node, too, writes U+FFFD for a lone surrogate.
      const said = Buffer.from((reason as string | undefined) ?? '').toString();
      expect(decodeNaively(stream, { role: 'server' }).events).toEqual([{ type: 'close', code, reason: said }]);
    }),
    { numRuns: 2000 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(200);
});

test('a reason of 123 bytes fits, one of 124 does not, counted in bytes', () => {
  expect(encodeClose(1000, `${'é'.repeat(61)}x`)).toHaveLength(125);
  expect(() => encodeClose(1000, 'é'.repeat(62))).toThrow(RangeError);
});

test('a reason that is not UTF-8: the first byte that cannot continue, a cut tail at the last byte', () => {
  fc.assert(
    fc.property(illFormedUtf8(20), ({ bytes, bad }) => {
      const payload = bytesOf(1001, bytes);
      const offset = Math.min(2 + bad, payload.length - 1);
      expect(decodeClose(payload)).toEqual({ violation: 'close-reason-not-utf8', offset });
      expect(read(payload)).toEqual([`violation close-reason-not-utf8 1007 at ${6 + offset}`]);
    }),
    { numRuns: 1000 },
  );
});

test('decodeClose says something of any bytes and never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (payload) => {
      const before = payload.slice();
      const decoded = decodeClose(payload);
      expect('violation' in decoded || typeof decoded.reason === 'string').toBe(true);
      expect(payload).toEqual(before);
    }),
    { numRuns: 2000 },
  );
});
