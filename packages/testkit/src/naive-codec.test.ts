import { describe, expect, test } from 'vitest';
import { fromHex } from './hex.ts';
import { decodeNaively, isLegalCloseCode, type NaiveRules } from './naive-codec.ts';
import { type RawFrame, rawFrame, rawFrames } from './raw-frame.ts';
import { transcript } from './transcript.ts';
import { RFC_6455_5_7 } from './vectors.ts';

const MIB = 1024 * 1024;
const server: NaiveRules = { role: 'server', maxMessagePayload: MIB, ended: true };
const client: NaiveRules = { role: 'client', maxMessagePayload: MIB, ended: true };
const key = 0x37fa213d;
const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);

describe('RFC 6455 section 5.7', () => {
  test.each(RFC_6455_5_7)('$name', ({ hex, frames, events, sender }) => {
    expect(rawFrames(frames)).toEqual(fromHex(hex));
    const read = decodeNaively(fromHex(hex), sender === 'client' ? server : client);
    expect(transcript(read.events, read.violation)).toEqual(transcript(events));
  });
});

/** Worked out by hand: name, offset, rules, bytes. */
const ILLEGAL: [string, number, NaiveRules, Uint8Array][] = [
  ['reserved-opcode', 0, server, bytesOf(0x83)],
  ['reserved-bits', 0, server, bytesOf(0xc1)],
  ['reserved-bits', 0, { ...server, allowedRsv: 0x40 }, bytesOf(0xc9)],
  ['fragmented-control', 0, server, bytesOf(0x09)],
  ['orphan-continuation', 0, server, bytesOf(0x80)],
  ['data-inside-message', 6, server, rawFrames([{ fin: false, opcode: 1, maskingKey: key }, { opcode: 2 }])],
  ['mask-missing', 1, server, bytesOf(0x81, 0x00)],
  ['mask-forbidden', 1, client, bytesOf(0x81, 0x80)],
  ['control-too-long', 1, client, bytesOf(0x89, 126)],
  ['close-payload-too-short', 1, client, bytesOf(0x88, 1)],
  ['length-top-bit', 9, client, bytesOf(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)],
  ['length-not-minimal', 3, client, bytesOf(0x82, 126, 0, 125)],
  ['length-not-minimal', 9, client, bytesOf(0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff)],
  ['length-unsafe', 9, client, bytesOf(0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0)],
  ['frame-too-big', 1, { ...client, maxFramePayload: 4 }, bytesOf(0x82, 5)],
  [
    'message-too-big',
    5,
    { ...client, maxMessagePayload: 4 },
    rawFrames([
      { fin: false, opcode: 2, payload: bytesOf(1, 2) },
      { opcode: 0, payload: bytesOf(1, 2, 3) },
    ]),
  ],
  ['close-code-illegal', 3, client, bytesOf(0x88, 2, 0x03, 0xed)],
  ['close-reason-not-utf8', 4, client, bytesOf(0x88, 4, 0x03, 0xe8, 0xff, 0x41)],
  ['close-reason-not-utf8', 5, client, bytesOf(0x88, 4, 0x03, 0xe8, 0xe2, 0x82)],
  ['text-not-utf8', 3, client, bytesOf(0x81, 3, 0xc3, 0x28, 0x41)],
  ['text-not-utf8', 4, client, bytesOf(0x01, 1, 0xc3, 0x80, 0)],
  ['end-inside-frame', 1, client, bytesOf(0x82)],
  ['end-inside-frame', 3, client, bytesOf(0x82, 2, 0)],
  ['end-inside-message', 2, client, bytesOf(0x02, 0)],
];

test.each(ILLEGAL)('%s at %i', (violation, offset, rules, bytes) => {
  expect(decodeNaively(bytes, rules).violation).toMatchObject({ violation, offset });
});

test('a control frame between fragments, and nothing after a Close', () => {
  const frames: RawFrame[] = [
    { fin: false, opcode: 1, payload: bytesOf(0xc3) },
    { opcode: 9, payload: bytesOf(7) },
    { opcode: 0, payload: bytesOf(0xa9) },
    { opcode: 8, payload: bytesOf(0x03, 0xe8, 0x6f, 0x6b) },
    { opcode: 3 },
  ];
  const read = decodeNaively(rawFrames(frames), client);
  expect(transcript(read.events, read.violation)).toEqual([
    'ping 1:07',
    'message opcode=1 rsv=0 2:c3a9',
    'close 1000 "ok"',
  ]);
  expect(read.ends).toEqual([6, 9, 15]);
  expect(read).toMatchObject({ consumed: 15, frames: 4, frameStart: 9, messageStart: undefined });
});

test('the numbers of legal close codes', () => {
  const legal = Array.from({ length: 65536 }, (_, code) => code).filter(isLegalCloseCode);
  expect(legal).toHaveLength(4 + 8 + 2000);
  expect([999, 1004, 1005, 1006, 1015, 2999, 5000].filter(isLegalCloseCode)).toEqual([]);
});

test('a raw frame may lie about its length and carry it in any form', () => {
  expect([...rawFrame({ opcode: 2, lengthForm: 64, declaredLength: 2n ** 63n, payload: bytesOf(9) })]).toEqual([
    0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 9,
  ]);
  expect([...rawFrame({ opcode: 15, fin: false, rsv1: true, rsv2: true, rsv3: true, lengthForm: 16 })]).toEqual([
    0x7f, 126, 0, 0,
  ]);
  expect(() => rawFrame({ opcode: 2, lengthForm: 16, declaredLength: 65536 })).toThrow(RangeError);
});
