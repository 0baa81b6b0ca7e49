import { maskingKey, messageFrames, payload, rawFrame, rawFrames, rsvBits, rules, withRules } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrames, encodeFrame, ProtocolError } from './index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('any frame is encoded byte for byte as the independent writer does it, and its payload is left alone', () => {
  const anyFields = fc.record({
    fin: fc.boolean(),
    bits: fc.nat({ max: 0x70 }),
    opcode: fc.nat({ max: 15 }),
    payload: payload(),
    maskingKey: fc.option(maskingKey(), { nil: undefined }),
  });
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
