import { expect, test } from 'vitest';
import { decodeFrameHeader, encodeFrameHeader } from './frame-header.ts';
import { hex } from './hex.suite.ts';

const server = { role: 'server' } as const;
const client = { role: 'client' } as const;
const observer = { role: 'observer' } as const;

test('each field of a header lands in its place', () => {
  expect(decodeFrameHeader(hex('f1 fe 01 00 37fa213d'), { role: 'server', allowedRsv: 0x70 })).toEqual({
    header: { fin: true, rsv1: true, rsv2: true, rsv3: true, opcode: 1, maskingKey: 0x37fa213d, payloadLength: 256 },
    bytesRead: 8,
  });
});

test('a header is read at an index, and the masking key is a signed integer', () => {
  const bytes = hex('ffff 02 80 fedcba98 00');
  expect(decodeFrameHeader(bytes, server, 2)).toMatchObject({
    header: { fin: false, opcode: 2, maskingKey: 0xfedcba98 | 0, payloadLength: 0 },
    bytesRead: 6,
  });
});

test.each([
  ['', 2],
  ['82', 1],
  ['82 81', 4],
  ['82 81 00 00 00', 1],
  ['82 fe', 6],
  ['82 ff', 12],
  ['82 ff 00 00 00 00 00 01 00', 5],
  ['82 ff 00 00 00 00 00 01 00 00', 4],
])('%s needs %i more bytes', (digits, needed) => {
  expect(decodeFrameHeader(hex(digits), server)).toEqual({ needed });
});

test.each([
  ['83', observer, 'reserved-opcode', 0],
  ['8f', observer, 'reserved-opcode', 0],
  ['c1', observer, 'reserved-bits', 0],
  ['09', observer, 'fragmented-control', 0],
  ['81 05', server, 'mask-missing', 1],
  ['81 85', client, 'mask-forbidden', 1],
  ['89 7e', client, 'control-too-long', 1],
  ['8a 7f', client, 'control-too-long', 1],
  ['88 01', client, 'close-payload-too-short', 1],
  ['82 7e 00 7d', client, 'length-not-minimal', 3],
  ['82 7f 00 00 00 00 00 00 ff ff', client, 'length-not-minimal', 9],
  ['82 7f 80 00 00 00 00 00 00 00', client, 'length-top-bit', 9],
  ['82 7f 00 20 00 00 00 00 00 00', client, 'length-unsafe', 9],
  ['82 7f 7f ff ff ff ff ff ff ff', client, 'length-unsafe', 9],
] as const)('%s is illegal to a %o: %s at byte %i', (digits, rules, violation, offset) => {
  expect(decodeFrameHeader(hex(digits), rules)).toEqual({ violation, offset });
  expect(decodeFrameHeader(hex(`00${digits}`), rules, 1)).toEqual({ violation, offset: offset + 1 });
});

test('F2: the longest length that a number holds is legal', () => {
  expect(decodeFrameHeader(hex('82 7f 00 1f ff ff ff ff ff ff'), client)).toMatchObject({
    header: { payloadLength: Number.MAX_SAFE_INTEGER },
  });
});

test.each([
  [{ opcode: 1, payloadLength: 125 }, '81 7d'],
  [{ opcode: 1, payloadLength: 126 }, '81 7e 00 7e'],
  [{ opcode: 2, payloadLength: 65_535, fin: false }, '02 7e ff ff'],
  [{ opcode: 2, payloadLength: 65_536 }, '82 7f 00 00 00 00 00 01 00 00'],
  [{ opcode: 2, payloadLength: Number.MAX_SAFE_INTEGER }, '82 7f 00 1f ff ff ff ff ff ff'],
  [{ opcode: 15, payloadLength: 0, rsv1: true, rsv2: true, rsv3: true, maskingKey: 0xfedcba98 }, 'ff 80 fe dc ba 98'],
] as const)('%o is written as %s', (fields, digits) => {
  expect(encodeFrameHeader(fields)).toEqual(hex(digits));
});

test.each<[string, () => unknown, ErrorConstructor]>([
  ['an opcode of 5 bits', () => encodeFrameHeader({ opcode: 16, payloadLength: 0 }), RangeError],
  ['a length over 2^53-1', () => encodeFrameHeader({ opcode: 1, payloadLength: 2 ** 53 }), RangeError],
  ['a negative length', () => encodeFrameHeader({ opcode: 1, payloadLength: -1 }), RangeError],
  ['a length as a string', () => encodeFrameHeader({ opcode: 1, payloadLength: '1' as never }), TypeError],
  ['an unknown role', () => decodeFrameHeader(hex('81'), { role: 'peer' as never }), TypeError],
  ['a bit that is not reserved', () => decodeFrameHeader(hex('81'), { role: 'server', allowedRsv: 0x41 }), RangeError],
  ['an index behind the end', () => decodeFrameHeader(hex('81'), server, 2), RangeError],
  ['an ArrayBuffer', () => decodeFrameHeader(new ArrayBuffer(2) as never, server), TypeError],
])('%s is refused', (_, use, error) => {
  expect(use).toThrow(error);
});
