import type { NaiveRules } from './naive-codec.ts';
import type { RawFrame } from './raw-frame.ts';
import type { StreamVector } from './vector-json.ts';
import { close, KEY, OPEN, ROLES, type Role, text, vector, zeros } from './vector-stream.ts';
import type { Violation } from './violation.ts';

/** An example of a violation: frames or bytes of which the last breaks the rule, and the rules if they matter. */
interface Flaw {
  readonly how: string;
  readonly pieces: readonly (RawFrame | Uint8Array)[];
  readonly rules?: Omit<NaiveRules, 'role'> | undefined;
  /** Default: all three. */
  readonly roles?: readonly Role[] | undefined;
}

export function violationVectors(): StreamVector[] {
  return (Object.keys(FLAWS) as Violation[]).flatMap((violation) => illegal(violation, FLAWS[violation]));
}

const big = (declaredLength: bigint): RawFrame => ({ opcode: 2, lengthForm: 64, declaredLength });

const FLAWS: Readonly<Record<Violation, readonly Flaw[]>> = {
  'reserved-opcode': [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    how: `opcode ${opcode}, known from byte 0 alone`,
    pieces: [Uint8Array.of(0x80 | opcode)],
  })),
  'reserved-bits': [
    { how: 'RSV1 without an extension', pieces: [{ opcode: 1, rsv1: true }] },
    { how: 'RSV2 without an extension', pieces: [{ opcode: 2, rsv2: true }] },
    { how: 'RSV3 without an extension', pieces: [{ opcode: 2, rsv3: true }] },
    {
      how: 'RSV1 and RSV2, of which only RSV1 was negotiated',
      pieces: [{ opcode: 1, rsv1: true, rsv2: true }],
      rules: { allowedRsv: 0x40 },
    },
    {
      how: 'RSV1 on a ping, though it was negotiated',
      pieces: [{ opcode: 9, rsv1: true }],
      rules: { allowedRsv: 0x40 },
    },
    {
      how: 'RSV1 on a continuation, though it was negotiated',
      pieces: [
        { ...OPEN, rsv1: true },
        { opcode: 0, rsv1: true },
      ],
      rules: { allowedRsv: 0x40 },
    },
    {
      how: 'on a reserved opcode and a fragmented control it is judged after the one, before the other',
      pieces: [{ opcode: 9, fin: false, rsv3: true }],
    },
  ],
  'fragmented-control': [8, 9, 10].map((opcode) => ({ how: `opcode ${opcode}`, pieces: [{ fin: false, opcode }] })),
  'orphan-continuation': [
    { how: 'as the first frame', pieces: [{ opcode: 0 }] },
    { how: 'not the last of a message that never began', pieces: [{ fin: false, opcode: 0 }] },
    { how: 'after a message that is complete', pieces: [{ opcode: 1, payload: text('Hello') }, { opcode: 0 }] },
    { how: 'after a ping', pieces: [{ opcode: 9 }, { opcode: 0 }] },
  ],
  'data-inside-message': [
    { how: 'text', pieces: [OPEN, { opcode: 1 }] },
    {
      how: 'binary, after a continuation and a ping',
      pieces: [OPEN, { fin: false, opcode: 0 }, { opcode: 9 }, { opcode: 2 }],
    },
  ],
  'mask-missing': [
    { how: 'a text', pieces: [{ opcode: 1, maskingKey: undefined, payload: text('Hello') }], roles: ['server'] },
    { how: 'a Close, as soon as byte 1 is there', pieces: [Uint8Array.of(0x88, 0x00)], roles: ['server'] },
  ],
  'mask-forbidden': [
    { how: 'a text', pieces: [{ opcode: 1, maskingKey: KEY, payload: text('Hello') }], roles: ['client'] },
    { how: 'a key of zeros is a mask as well', pieces: [{ opcode: 9, maskingKey: 0 }], roles: ['client'] },
  ],
  'control-too-long': [
    { how: 'a ping of 126 bytes', pieces: [{ opcode: 9, payload: zeros(126) }] },
    { how: 'a pong in the 64-bit form, though it is empty', pieces: [{ opcode: 10, lengthForm: 64 }] },
    { how: 'a Close of 126 bytes', pieces: [close(1000, zeros(124))] },
  ],
  'close-payload-too-short': [{ how: 'half a code', pieces: [{ opcode: 8, payload: Uint8Array.of(3) }] }],
  'length-top-bit': [
    { how: '2^63', pieces: [big(1n << 63n)] },
    { how: '2^64-1', pieces: [big((1n << 64n) - 1n)] },
  ],
  'length-not-minimal': [
    ...[0, 1, 125].map((length) => ({
      how: `${length} in 16 bits`,
      pieces: [{ opcode: 2, lengthForm: 16, payload: zeros(length) } as const],
    })),
    ...[0, 1, 125, 126, 65535].map((length) => ({
      how: `${length} in 64 bits`,
      pieces: [{ opcode: 2, lengthForm: 64, declaredLength: length } as const],
    })),
  ],
  'length-unsafe': [
    { how: '2^53', pieces: [big(1n << 53n)] },
    { how: '2^63-1, which a double would round to 2^63', pieces: [big((1n << 63n) - 1n)] },
  ],
  'frame-too-big': [
    {
      how: 'one byte more than a frame may have, judged before the masking key',
      pieces: [{ opcode: 2, declaredLength: 101 }],
      rules: { maxFramePayload: 100 },
    },
    {
      how: 'one byte more than a message may have',
      pieces: [{ opcode: 2, declaredLength: 65537 }],
      rules: { maxMessagePayload: 65536 },
    },
    { how: 'one byte where none may be', pieces: [{ opcode: 1, payload: zeros(1) }], rules: { maxMessagePayload: 0 } },
    { how: '2^53-1', pieces: [big((1n << 53n) - 1n)] },
  ],
  'message-too-big': [
    {
      how: 'the continuation is one byte too long',
      pieces: [OPEN, { opcode: 0, declaredLength: 98 }],
      rules: { maxMessagePayload: 100 },
    },
    {
      how: 'the second continuation',
      pieces: [OPEN, { fin: false, opcode: 0, payload: zeros(97) }, { opcode: 9 }, { opcode: 0, payload: zeros(1) }],
      rules: { maxMessagePayload: 100 },
    },
    {
      how: 'counted over the limit of a frame',
      pieces: [
        { fin: false, opcode: 2, payload: zeros(60) },
        { opcode: 0, declaredLength: 60 },
      ],
      rules: { maxMessagePayload: 100, maxFramePayload: 60 },
    },
  ],
  'close-code-illegal': [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535].map((code) => ({
    how: String(code),
    pieces: [close(code, text('why'))],
  })),
  'close-reason-not-utf8': [
    { how: 'a bad byte', pieces: [close(1000, Uint8Array.of(0x61, 0xff, 0x61))] },
    { how: 'a surrogate', pieces: [close(1000, Uint8Array.of(0xed, 0xa0, 0x80))] },
    { how: 'a character that is cut off: at the last byte', pieces: [close(1000, Uint8Array.of(0x61, 0xe2, 0x82))] },
  ],
  'text-not-utf8': [
    { how: 'at its first byte', pieces: [{ opcode: 1, payload: Uint8Array.of(0x80, 0x61) }] },
    {
      how: 'in the middle, judged before the rest has come',
      pieces: [{ opcode: 1, payload: Uint8Array.of(0x61, 0xe2, 0x28), declaredLength: 50 }],
    },
    {
      how: 'a sequence that goes wrong in the next fragment',
      pieces: [
        { fin: false, opcode: 1, payload: Uint8Array.of(0xe2) },
        { opcode: 9 },
        { opcode: 0, payload: Uint8Array.of(0x82, 0x28) },
      ],
    },
    {
      how: 'a character that is cut off: at the last byte of the message',
      pieces: [{ opcode: 1, payload: Uint8Array.of(0x61, 0xf0, 0x9f) }],
    },
    {
      how: 'a character that is cut off by an empty last fragment: at the last byte of its header',
      pieces: [{ fin: false, opcode: 1, payload: Uint8Array.of(0xf0, 0x9f) }, { opcode: 0 }],
    },
  ],
  'end-inside-frame': [
    { how: 'after byte 0', pieces: [Uint8Array.of(0x89)], rules: { ended: true } },
    {
      how: 'inside of a length',
      pieces: [Uint8Array.of(0x82, 0xfe, 0x01)],
      rules: { ended: true },
      roles: ['server', 'observer'],
    },
    {
      how: 'inside of a payload',
      pieces: [{ opcode: 2, declaredLength: 5, payload: zeros(4) }],
      rules: { ended: true },
    },
    {
      how: 'inside of a control inside of a message',
      pieces: [OPEN, { opcode: 9, declaredLength: 5 }],
      rules: { ended: true },
    },
  ],
  'end-inside-message': [
    { how: 'after its first frame', pieces: [OPEN], rules: { ended: true } },
    { how: 'after a ping inside of it', pieces: [OPEN, { opcode: 9 }], rules: { ended: true } },
  ],
};

function illegal(violation: Violation, flaws: readonly Flaw[]): StreamVector[] {
  return flaws.flatMap(({ how, pieces, rules, roles = ROLES }) =>
    roles.map((role) => {
      const made = vector(`${violation}: ${how}`, { ...rules, role }, pieces);
      if (made.violation?.name !== violation) throw new Error(`${made.name} is ${made.violation?.name ?? 'legal'}`);
      return made;
    }),
  );
}
