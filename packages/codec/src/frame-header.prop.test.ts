import {
  allowedRsv,
  BOUNDARY_LENGTHS,
  maskingKey,
  maskingKeyFor,
  type Role,
  role,
  rsvBits,
  rules,
  withRules,
} from '@ws/testkit';
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
  const headerLike = fc
    .tuple(
      fc.constantFrom(0x80, 0x81, 0x82, 0x88, 0x89, 0x8a, 0x00, 0x01, 0x02, 0xc1, 0xb2, 0x71),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(126, 127, 254, 255)),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
      fc.nat({ max: 8 }),
    )
    // Zeros behind byte 1 make 64-bit lengths small enough to be legal, and some of them too small.
    .map(([byte0, byte1, rest, zeros]) =>
      Uint8Array.of(byte0, byte1, ...rest.map((byte, i) => (i < zeros ? 0 : byte))),
    );
  let accepted = 0;
  fc.assert(
    fc.property(headerLike, role(), allowedRsv(), (bytes, role, allowedRsv) => {
      const read = decodeFrameHeader(bytes, { role, allowedRsv });
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

test('of a header that is cut, "needed" is never too much, and exact once byte 1 is there', () => {
  fc.assert(
    fc.property(rulesAndHeader(), ([rules, header]) => {
      const encoded = encodeFrameHeader(header);
      for (let cut = 0; cut < encoded.length; cut++) {
        const read = decodeFrameHeader(encoded.subarray(0, cut), rules);
        const missing = encoded.length - cut;
        if (!('needed' in read)) return expect.fail(`cut at ${cut}: ${JSON.stringify(read)}`);
        expect(read.needed).toBeGreaterThan(0);
        expect(read.needed).toBeLessThanOrEqual(missing);
        if (cut >= 2) expect(read.needed).toBe(missing);
      }
    }),
    { numRuns: 1000 },
  );
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
