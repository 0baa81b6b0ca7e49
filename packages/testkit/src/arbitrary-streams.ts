import * as fc from 'fast-check';
import { utf8 } from './arbitrary-text.ts';
import { BOUNDARY_LENGTHS, maskingKey, maskingKeyFor, payload, type Role } from './arbitrary-values.ts';
import { split } from './chunks.ts';
import { concat, type RawFrame, rawFrame } from './raw-frame.ts';

/** Whose stream: the reader's role decides the masks, `allowedRsv` what a message's first frame may carry. */
export interface StreamRules {
  readonly role: Role;
  readonly allowedRsv?: number | undefined;
}

/** Rules, and what was made for them: a stream, or the bytes of one. */
export function withRules<R extends StreamRules, T>(
  rules: fc.Arbitrary<R>,
  make: (rules: R) => fc.Arbitrary<T>,
): fc.Arbitrary<[R, T]> {
  return rules.chain((rules) => fc.tuple(fc.constant(rules), make(rules)));
}

/** How long the payloads of a stream are. */
export interface StreamSize {
  /** The longest payload of one message, in bytes; default 65537. */
  readonly maxPayload?: number | undefined;
}

/** The three RSV fields of a frame, out of the bits as they lie in byte 0: 0x40 is RSV1. */
export function rsvBits(bits: number): { rsv1: boolean; rsv2: boolean; rsv3: boolean } {
  return { rsv1: (bits & 0x40) !== 0, rsv2: (bits & 0x20) !== 0, rsv3: (bits & 0x10) !== 0 };
}

/** A code that a Close frame may carry. */
export function legalCloseCode(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999));
}

/** A ping or a pong. */
export function controlFrame(role: Role): fc.Arbitrary<RawFrame> {
  return fc.record({ opcode: fc.constantFrom(9, 10), maskingKey: maskingKeyFor(role), payload: payload(125) });
}

/** A legal Close: empty, or a code with a reason of whole characters in at most 123 bytes. */
export function closeFrame(role: Role): fc.Arbitrary<RawFrame> {
  const coded = fc
    .tuple(legalCloseCode(), utf8(30))
    .map(([code, reason]) => concat([Uint8Array.of(code >> 8, code & 0xff), reason]));
  return fc.record({
    opcode: fc.constant(8),
    maskingKey: maskingKeyFor(role),
    payload: fc.oneof(fc.constant(new Uint8Array(0)), coded),
  });
}

/** The frames of one message: any number of fragments, text cut anywhere, pings and pongs between them. */
export function messageFrames(rules: StreamRules, size: StreamSize = {}): fc.Arbitrary<RawFrame[]> {
  return fc
    .tuple(fc.constantFrom(1, 2), fc.nat({ max: 7 }))
    .chain(([opcode, extensions]) => {
      const rsv = (extensions << 4) & (rules.allowedRsv ?? 0);
      // An extension changes the payload: behind an RSV bit, text may be any bytes.
      const bytes =
        opcode === 1 && rsv === 0 ? utf8(size.maxPayload && size.maxPayload >> 2) : payload(size.maxPayload);
      return fc.tuple(
        fc.constant({ opcode, ...rsvBits(rsv) }),
        bytes,
        fc.array(fc.nat({ max: 300 }), { maxLength: 3 }),
        fc.array(maskingKeyFor(rules.role), { minLength: 4, maxLength: 4 }),
        fc.array(fc.array(controlFrame(rules.role), { maxLength: 2 }), { minLength: 3, maxLength: 3 }),
      );
    })
    .map(([first, bytes, cuts, keys, controls]) =>
      split(bytes, cuts).flatMap((part, i, parts): RawFrame[] => [
        {
          ...(i === 0 ? first : { opcode: 0 }),
          fin: i === parts.length - 1,
          maskingKey: keys[i],
          payload: part,
        },
        ...(i === parts.length - 1 ? [] : controls[i]!),
      ]),
    );
}

/** Complete messages and controls, without a Close: anything may follow. */
export function openStream(rules: StreamRules, size: StreamSize = {}): fc.Arbitrary<RawFrame[]> {
  const item = fc.oneof(
    { weight: 3, arbitrary: messageFrames(rules, size) },
    { weight: 1, arbitrary: controlFrame(rules.role).map((frame) => [frame]) },
  );
  return fc.array(item, { maxLength: 4 }).map((items) => items.flat());
}

/** A whole legal stream; half of them end with a Close. Its messages are within 65537 bytes (or the given size). */
export function legalStream(rules: StreamRules, size: StreamSize = {}): fc.Arbitrary<RawFrame[]> {
  return fc
    .tuple(openStream(rules, size), fc.option(closeFrame(rules.role), { nil: undefined, freq: 1 }))
    .map(([frames, close]) => (close === undefined ? frames : [...frames, close]));
}

/**
 * The first frames of a message that stays open, controls between them. At least one frame, at most 50 bytes of
 * payload.
 */
export function unfinishedMessage(rules: StreamRules): fc.Arbitrary<RawFrame[]> {
  return messageFrames(rules, { maxPayload: 50 }).map((frames) =>
    frames.map((frame) => (frame.opcode < 8 ? { ...frame, fin: false } : frame)),
  );
}

/** One frame with any fields at all, lying ones too; most have the mask that the reader wants. */
export function anyFrame(role: Role): fc.Arbitrary<RawFrame> {
  const length = fc.oneof(fc.constantFrom(...BOUNDARY_LENGTHS), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const honest = fc.record({
    fin: fc.boolean(),
    opcode: fc.constantFrom(0, 0, 1, 1, 2, 2, 8, 9, 10, 3, 15),
    rsv: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 7 }) }),
    maskingKey: fc.oneof(
      { weight: 12, arbitrary: maskingKeyFor(role) },
      { weight: 1, arbitrary: fc.option(maskingKey(), { nil: undefined }) },
    ),
    payload: fc.oneof(payload(200), utf8(20)),
  });
  const frame = honest.map(({ rsv, ...fields }): RawFrame => ({ ...fields, ...rsvBits(rsv << 4) }));
  return fc.oneof(
    { weight: 5, arbitrary: frame },
    {
      weight: 1,
      arbitrary: fc.tuple(frame, length).map(([fields, declaredLength]): RawFrame => ({ ...fields, declaredLength })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(frame, fc.constantFrom(16, 64))
        .map(([fields, lengthForm]): RawFrame => ({ ...fields, lengthForm: lengthForm as 16 | 64 })),
    },
  );
}

/** Bytes of any kind, most of them a frame's: legal streams, odd frames and noise, one after the other. */
export function byteSoup(rules: StreamRules): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: messageFrames(rules, { maxPayload: 300 }).map((frames) => concat(frames.map(rawFrame))) },
    { weight: 2, arbitrary: controlFrame(rules.role).map(rawFrame) },
    { weight: 3, arbitrary: anyFrame(rules.role).map(rawFrame) },
    { weight: 1, arbitrary: closeFrame(rules.role).map(rawFrame) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  );
  return fc.array(piece, { maxLength: 6 }).map(concat);
}
