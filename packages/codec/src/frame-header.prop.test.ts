import { BOUNDARY_LENGTHS, maskingKey, maskingKeyFor, type Role, rsvBits, rules, withRules } from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrameHeader, encodeFrameHeader, type FrameHeader } from './index.ts';

const anyLength = () =>
  fc.oneof(
    fc.constantFrom(...BOUNDARY_LENGTHS, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1),
    fc.nat({ max: 70_000 }),
    fc.maxSafeNat(),
  );

/** Headers that an endpoint in `role` may read. */
function legalHeader(role: Role, allowedRsv: number): fc.Arbitrary<FrameHeader> {
  const data = fc.record({ fin: fc.boolean(), opcode: fc.constantFrom(0, 1, 2), payloadLength: anyLength() });
  const control = fc.record({
    fin: fc.constant(true),
    opcode: fc.constantFrom(8, 9, 10),
    payloadLength: fc.constantFrom(0, 2, 3, 124, 125),
  });
  return fc
    .tuple(fc.oneof(data, control), fc.nat({ max: 0x70 }), maskingKeyFor(role))
    .map(([fields, bits, maskingKey]) => ({
      ...fields,
      ...rsvBits(fields.opcode === 1 || fields.opcode === 2 ? bits & allowedRsv : 0),
      maskingKey,
    }));
}

const signed = (header: FrameHeader): FrameHeader => ({
  ...header,
  maskingKey: header.maskingKey === undefined ? undefined : header.maskingKey | 0,
});

const rulesAndHeader = () => withRules(rules(), ({ role, allowedRsv }) => legalHeader(role, allowedRsv));

/**
 * Any two bytes, most of them legal, and twelve behind them that are often zeros: long lengths are small then, or too
 * small.
 */
const headerLike = () =>
  fc
    .tuple(
      fc.oneof(
        fc.constantFrom(0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x00, 0x01, 0x02, 0xc1, 0xb2, 0x71),
        fc.nat({ max: 255 }),
      ),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(126, 127, 254, 255)),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.nat({ max: 8 }),
    )
    .map(([byte0, byte1, rest, zeros]) =>
      Uint8Array.of(byte0, byte1, ...rest.map((byte, i) => (i < zeros ? 0 : byte))),
    );

test('what was encoded is decoded, wherever it stands, and no byte behind it is read', () => {
  fc.assert(
    fc.property(rulesAndHeader(), fc.nat({ max: 9 }), fc.uint8Array({ maxLength: 9 }), ([rules, header], at, rest) => {
      const encoded = encodeFrameHeader(header);
      const bytes = Uint8Array.of(...new Uint8Array(at), ...encoded, ...rest);
      expect(decodeFrameHeader(bytes, rules, at)).toEqual({ header: signed(header), bytesRead: encoded.length });
    }),
    { numRuns: 5000 },
  );
});

test('every accepted header encodes to the very bytes that were read', () => {
  let accepted = 0;
  fc.assert(
    fc.property(headerLike(), rules(), (bytes, rules) => {
      const read = decodeFrameHeader(bytes, rules);
      if (!('header' in read)) return;
      accepted++;
      expect(encodeFrameHeader(read.header)).toEqual(bytes.slice(0, read.bytesRead));
    }),
    { numRuns: 20_000 },
  );
  expect(accepted).toBeGreaterThan(2000);
});

test('the shortest length, for every length up to 70,000 and at the edges beyond', () => {
  const lengths = [...Array(70_000).keys(), 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  for (const payloadLength of lengths) {
    const header = encodeFrameHeader({ opcode: 2, payloadLength });
    const size = payloadLength <= 125 ? 2 : payloadLength <= 65535 ? 4 : 10;
    // The length in big-endian digits, by arithmetic that knows nothing of forms.
    const value = header.slice(size === 2 ? 1 : 2).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    if (header.length !== size || value !== BigInt(payloadLength)) {
      expect.fail(`length ${payloadLength} became ${header}`);
    }
  }
});

test('of a header that is cut, "needed" is what its first two bytes lack, then all that it lacks: never too much', () => {
  fc.assert(
    fc.property(rulesAndHeader(), ([rules, header]) => {
      const encoded = encodeFrameHeader(header);
      for (let cut = 0; cut < encoded.length; cut++) {
        const needed = (cut < 2 ? 2 : encoded.length) - cut;
        expect(decodeFrameHeader(encoded.subarray(0, cut), rules), `cut at ${cut}`).toEqual({ needed });
      }
    }),
    { numRuns: 1000 },
  );
});

test('whoever fetches what is "needed", no more, has the verdict after three times and never fetched a byte too many', () => {
  const seen = { header: 0, violation: 0 };
  fc.assert(
    fc.property(headerLike(), rules(), (bytes, rules) => {
      const whole = decodeFrameHeader(bytes, rules);
      let fetched = 0;
      let read = decodeFrameHeader(bytes.subarray(0, 0), rules);
      for (let times = 0; 'needed' in read; times++) {
        expect(times, 'times that more was needed').toBeLessThan(3);
        fetched += read.needed;
        read = decodeFrameHeader(bytes.subarray(0, fetched), rules);
      }
      expect(read).toEqual(whole);
      if ('bytesRead' in read) expect(fetched).toBe(read.bytesRead);
      seen['header' in read ? 'header' : 'violation']++;
    }),
    { numRuns: 5000 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500);
});

test('a violation is told with the byte at its offset, and not before', () => {
  let violations = 0;
  fc.assert(
    fc.property(headerLike(), rules(), (bytes, rules) => {
      const whole = decodeFrameHeader(bytes, rules);
      if (!('violation' in whole)) return;
      violations++;
      expect(decodeFrameHeader(bytes.subarray(0, whole.offset), rules)).toHaveProperty('needed');
      expect(decodeFrameHeader(bytes.subarray(0, whole.offset + 1), rules)).toEqual(whole);
    }),
    { numRuns: 5000 },
  );
  expect(violations).toBeGreaterThan(500);
});

test('a masking key in either notation is the same four bytes, the high one first', () => {
  fc.assert(
    fc.property(maskingKey(), (key) => {
      const bytes = encodeFrameHeader({ opcode: 1, payloadLength: 0, maskingKey: key }).slice(2);
      const unsigned = Number(BigInt.asUintN(32, BigInt(key)));
      expect(Buffer.from(bytes).toString('hex')).toBe(unsigned.toString(16).padStart(8, '0'));
      const other = key < 0 ? key + 2 ** 32 : key >= 2 ** 31 ? key - 2 ** 32 : key;
      expect(encodeFrameHeader({ opcode: 1, payloadLength: 0, maskingKey: other }).slice(2)).toEqual(bytes);
    }),
  );
});
