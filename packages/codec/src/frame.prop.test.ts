import {
  bytesOf,
  maskingKey,
  messageFrames,
  payload,
  rawFrame,
  rawFrames,
  rsvBits,
  rules,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrames, encodeFrame, encodeFrameHeader, encodeFrameInto, Maskable, ProtocolError } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const anyFields = fc.record({
  fin: fc.boolean(),
  bits: fc.nat({ max: 0x70 }),
  opcode: fc.nat({ max: 15 }),
  payload: payload(),
  maskingKey: fc.option(maskingKey(), { nil: undefined }),
});

test('any frame is encoded byte for byte as the independent writer does it, and its payload is left alone', () => {
  fc.assert(
    fc.property(anyFields, ({ bits, maskingKey, ...fields }) => {
      const frame = { ...fields, ...rsvBits(bits) };
      const before = hex(frame.payload);
      expect(hex(encodeFrame(frame, maskingKey))).toBe(hex(rawFrame({ ...frame, maskingKey })));
      expect(hex(frame.payload)).toBe(before);
    }),
    { numRuns: 1500 },
  );
});

/** What callers may come with who have not read the types. */
const anyNumber = (max: number): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max }) },
    { weight: 1, arbitrary: fc.constantFrom(max + 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>('1', null, true, 1n, {}, [1]) },
  );

/** The error that a value must meet where an integer of this range is wanted. */
function wrong(value: unknown, min: number, max: number): ErrorConstructor | undefined {
  if (typeof value !== 'number') return TypeError;
  return Number.isInteger(value) && value >= min && value <= max ? undefined : RangeError;
}

test('whatever is asked for: the very frame, in its shortest form, or the error of one thing that is wrong', () => {
  const seen = { written: 0, TypeError: 0, RangeError: 0 };
  const check = (
    errors: (ErrorConstructor | undefined)[],
    encode: () => Uint8Array,
    wanted: () => Uint8Array,
  ): void => {
    const due = errors.filter((error) => error !== undefined);
    let encoded: Uint8Array;
    try {
      encoded = encode();
    } catch (error) {
      expect(due).toContain((error as Error).constructor);
      seen[(error as Error).name as 'TypeError' | 'RangeError']++;
      return;
    }
    expect(due, 'written without an error').toEqual([]);
    expect(hex(encoded)).toBe(hex(wanted()));
    seen.written++;
  };
  const asked = fc.record({
    fin: fc.boolean(),
    bits: fc.nat({ max: 0x70 }),
    opcode: anyNumber(15),
    payloadLength: fc.oneof(anyNumber(70_000), anyNumber(2 ** 53 - 1)),
    payload: fc.oneof({ weight: 6, arbitrary: payload(300) }, { weight: 1, arbitrary: anyNumber(9) }),
    maskingKey: fc.oneof(
      { weight: 3, arbitrary: fc.option(maskingKey(), { nil: undefined }) },
      { weight: 1, arbitrary: anyNumber(2 ** 32 - 1) },
      { weight: 1, arbitrary: fc.constant(-(2 ** 31) - 1) },
    ),
  });
  fc.assert(
    fc.property(asked, ({ bits, payload, payloadLength, ...asked }) => {
      const fields = { ...asked, ...rsvBits(bits) } as { opcode: number; maskingKey: number | undefined };
      const ofHeader = [
        wrong(fields.opcode, 0, 15),
        fields.maskingKey === undefined ? undefined : wrong(fields.maskingKey, -(2 ** 31), 2 ** 32 - 1),
      ];
      const length = payloadLength as number;
      check(
        [...ofHeader, wrong(length, 0, 2 ** 53 - 1)],
        () => encodeFrameHeader({ ...fields, payloadLength: length }),
        () => rawFrame({ ...fields, declaredLength: length }),
      );
      const bytes = payload as Uint8Array;
      check(
        [...ofHeader, bytes instanceof Uint8Array ? undefined : TypeError],
        () => encodeFrame({ ...fields, payload: bytes }, fields.maskingKey),
        () => rawFrame({ ...fields, payload: bytes }),
      );
    }),
    { numRuns: 2000 },
  );
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(200);
});

test('what was left out is FIN = 1, no RSV bit, no mask', () => {
  expect(hex(encodeFrame({ opcode: 1, payload: new Uint8Array(0) }))).toBe('8100');
});

test('decodeFrames gives back the frames of a stream, unmasked, in memory of their own', () => {
  fc.assert(
    fc.property(
      withRules(rules(), (rules) => messageFrames(rules)),
      ([rules, frames]) => {
        const bytes = rawFrames(frames);
        const decoded = decodeFrames(bytes, rules);
        bytes.fill(0xa5);
        expect(decoded.map(({ payload, ...header }) => ({ ...header, payload: hex(payload) }))).toEqual(
          frames.map((frame) => ({
            fin: frame.fin ?? true,
            rsv1: frame.rsv1 ?? false,
            rsv2: frame.rsv2 ?? false,
            rsv3: frame.rsv3 ?? false,
            opcode: frame.opcode,
            maskingKey: frame.maskingKey === undefined ? undefined : frame.maskingKey | 0,
            payloadLength: frame.payload!.length,
            payload: hex(frame.payload!),
          })),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('decodeFrames throws a ProtocolError for every stream that is cut', () => {
  const bytes = rawFrames([
    { fin: false, opcode: 1, payload: new Uint8Array(130).fill(0x41) },
    { opcode: 9, payload: Uint8Array.of(1, 2, 3) },
    { opcode: 0, payload: Uint8Array.of(0x41) },
  ]);
  expect(decodeFrames(bytes, { role: 'client' })).toHaveLength(3);
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(() => decodeFrames(bytes.subarray(0, cut), { role: 'client' })).toThrow(ProtocolError);
  }
});

test('encodeFrameInto writes the bytes of encodeFrame where it should, and nothing beside them', () => {
  const lengths = fc.oneof(fc.constantFrom(0, 1, 64, 65, 125, 126, 1000, 65_535, 65_536), fc.nat({ max: 300 }));
  fc.assert(
    fc.property(anyFields, lengths, fc.nat({ max: 9 }), fc.boolean(), (fields, length, at, maskable) => {
      const frame = { ...fields, ...rsvBits(fields.bits) };
      const payload = bytesOf(length, frame.opcode);
      const before = payload.slice();
      const expected = encodeFrame({ ...frame, payload }, frame.maskingKey);
      const bytes = new Uint8Array(at + expected.length + 9).fill(0xaa);
      const target = maskable ? new Maskable(bytes) : bytes;
      expect(encodeFrameInto(target, at, { ...frame, payload }, frame.maskingKey)).toBe(at + expected.length);
      expect(Buffer.compare(bytes.subarray(at, at + expected.length), expected)).toBe(0);
      expect(bytes.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
      expect(bytes.subarray(at + expected.length).every((byte) => byte === 0xaa)).toBe(true);
      expect(Buffer.compare(payload, before)).toBe(0);
      const tight = new Uint8Array(at + expected.length - 1);
      expect(() => encodeFrameInto(tight, at, { ...frame, payload }, frame.maskingKey)).toThrow(RangeError);
      expect(tight.every((byte) => byte === 0)).toBe(true);
    }),
  );
});

test('encodeFrameInto refuses what encodeFrame refuses', () => {
  const target = new Uint8Array(100);
  const payload = new Uint8Array(3);
  expect(() => encodeFrameInto([] as never, 0, { opcode: 1, payload })).toThrow(TypeError);
  expect(() => encodeFrameInto(target, 0, { opcode: 1, payload: 'abc' as never })).toThrow(TypeError);
  expect(() => encodeFrameInto(target, 0, { opcode: 16, payload })).toThrow(RangeError);
  expect(() => encodeFrameInto(target, 0, { opcode: 1, payload }, 2 ** 32)).toThrow(RangeError);
  expect(() => encodeFrameInto(target, -1, { opcode: 1, payload })).toThrow(RangeError);
  expect(target.every((byte) => byte === 0)).toBe(true);
});
