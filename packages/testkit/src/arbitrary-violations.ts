import * as fc from 'fast-check';
import { closeFrame, controlFrame, legalCloseCode, openStream, unfinishedMessage } from './arbitrary-streams.ts';
import { illFormedUtf8 } from './arbitrary-text.ts';
import { maskingKey, maskingKeyFor, payload, type Role, rules } from './arbitrary-values.ts';
import { checkRole } from './check.ts';
import { split } from './chunks.ts';
import { isLegalCloseCode, type NaiveRules } from './naive-codec.ts';
import { concat, type RawFrame, rawFrame, rawFrames } from './raw-frame.ts';
import { type StreamViolation, VIOLATIONS, type Violation } from './violation.ts';

/** A stream that is legal up to one byte; the offset comes from how it was built, not from reading it. */
export interface PlantedViolation {
  readonly rules: NaiveRules & { readonly role: Role; readonly allowedRsv: number; readonly ended: true };
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly expected: StreamViolation;
}

/** Bytes that break the rules, and where: `at` counts from the first byte of `bad`. */
interface Plant {
  readonly rules: NaiveRules & { readonly role: Role; readonly allowedRsv: number };
  /** An unfinished message before it. */
  readonly opening?: readonly RawFrame[] | undefined;
  readonly bad: Uint8Array;
  readonly at: number;
}

/** Rules, and a message that is open under them or not: what the judgement of one frame depends on. */
interface Context {
  readonly rules: { readonly role: Role; readonly allowedRsv: number };
  readonly opening: RawFrame[] | undefined;
  readonly maskingKey: number | undefined;
}

function context(wanted: { role?: Role; open?: boolean } = {}): fc.Arbitrary<Context> {
  const chosen = rules().map((rules) => ({ ...rules, role: wanted.role ?? rules.role }));
  return chosen.chain((rules) => {
    const opening = unfinishedMessage(rules);
    return fc.record({
      rules: fc.constant(rules),
      opening:
        wanted.open === true
          ? opening
          : wanted.open === false
            ? fc.constant(undefined)
            : fc.option(opening, { nil: undefined, freq: 1 }),
      maskingKey: maskingKeyFor(rules.role),
    });
  });
}

/** The opcode of a data frame that is in order. */
const inOrder = ({ opening }: Context, opcode: 1 | 2): number => (opening === undefined ? opcode : 0);

const dataOpcode = (): fc.Arbitrary<1 | 2> => fc.constantFrom(1, 2);
const controlOpcode = (): fc.Arbitrary<number> => fc.constantFrom(8, 9, 10);
const bigLength = (min: bigint, max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max));

/** Where the length of a frame ends: the index of its last byte. */
const lengthEnd = (declared: number | bigint): number => (declared <= 125 ? 1 : declared <= 65535 ? 3 : 9);

/** A frame that breaks a rule with its first byte, whatever follows. */
function firstByte(wanted: { open?: boolean }, byte: (context: Context) => fc.Arbitrary<number>): fc.Arbitrary<Plant> {
  return context(wanted).chain((context) =>
    fc
      .tuple(byte(context), fc.uint8Array({ maxLength: 3 }))
      .map(([first, rest]) => ({ ...context, bad: Uint8Array.of(first, ...rest), at: 0 })),
  );
}

/** A data frame whose header claims a length that it must not. */
function badLength(length: fc.Arbitrary<{ lengthForm: 16 | 64; declaredLength: bigint }>): fc.Arbitrary<Plant> {
  return fc.tuple(context(), dataOpcode(), fc.boolean(), length).map(([context, opcode, fin, length]) => ({
    ...context,
    bad: rawFrame({ fin, opcode: inOrder(context, opcode), maskingKey: context.maskingKey, ...length }),
    at: length.lengthForm === 16 ? 3 : 9,
  }));
}

const masked = (role: Role, wrongKey: fc.Arbitrary<number | undefined>): fc.Arbitrary<Plant> =>
  fc
    .tuple(context({ role }), dataOpcode(), payload(), wrongKey)
    .chain(([context, opcode, payload, maskingKey]) =>
      fc
        .oneof(
          fc.constant<RawFrame>({ opcode: inOrder(context, opcode), payload }),
          controlFrame(role),
          closeFrame(role),
        )
        .map((frame) => ({ ...context, bad: rawFrame({ ...frame, maskingKey }), at: 1 })),
    );

/** Text in one to four fragments with controls between, and one flaw. */
function badText(): fc.Arbitrary<Plant> {
  return context({ open: false }).chain((context) =>
    fc
      .tuple(
        illFormedUtf8(),
        fc.array(fc.nat({ max: 40 }), { maxLength: 3 }),
        fc.array(maskingKeyFor(context.rules.role), { minLength: 4, maxLength: 4 }),
        fc.array(controlFrame(context.rules.role), { minLength: 3, maxLength: 3 }),
      )
      .map(([flawed, cuts, keys, controls]) => {
        const parts = split(flawed.bytes, cuts);
        const bytes: Uint8Array[] = [];
        let length = 0;
        let payloadBefore = 0;
        let at: number | undefined;
        parts.forEach((part, i) => {
          const last = i === parts.length - 1;
          const frame = rawFrame({ fin: last, opcode: i === 0 ? 1 : 0, maskingKey: keys[i], payload: part });
          const inPart = flawed.bad - payloadBefore;
          if (inPart >= 0 && inPart < part.length) at = length + (frame.length - part.length) + inPart;
          // A cut tail is known at the last byte of the message.
          if (last) at ??= length + frame.length - 1;
          payloadBefore += part.length;
          for (const piece of last ? [frame] : [frame, rawFrame(controls[i]!)]) {
            bytes.push(piece);
            length += piece.length;
          }
        });
        return { ...context, bad: concat(bytes), at: at! };
      }),
  );
}

function badClose(body: fc.Arbitrary<{ payload: Uint8Array; bad: number }>): fc.Arbitrary<Plant> {
  return fc.tuple(context(), body).map(([context, { payload, bad }]) => {
    const frame = rawFrame({ opcode: 8, maskingKey: context.maskingKey, payload });
    return { ...context, bad: frame, at: frame.length - payload.length + Math.min(bad, payload.length - 1) };
  });
}

const codeAnd = (code: number, reason: Uint8Array): Uint8Array => Uint8Array.of(code >> 8, code & 0xff, ...reason);

const illegalCode = (): fc.Arbitrary<number> =>
  fc
    .oneof(fc.constantFrom(0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535), fc.nat({ max: 65535 }))
    .filter((code) => !isLegalCloseCode(code));

const PLANTS: Record<Violation, fc.Arbitrary<Plant>> = {
  'reserved-opcode': firstByte({}, () =>
    fc
      .tuple(fc.nat({ max: 15 }), fc.constantFrom(3, 4, 5, 6, 7, 11, 12, 13, 14, 15))
      .map(([high, opcode]) => (high << 4) | opcode),
  ),
  'reserved-bits': firstByte({}, ({ rules }) =>
    fc
      .tuple(fc.nat({ max: 15 }), fc.constantFrom(0, 1, 2, 8, 9, 10))
      .map(([high, opcode]) => (high << 4) | opcode)
      .filter((byte) => {
        const opcode = byte & 0x0f;
        const allowed = opcode === 1 || opcode === 2 ? rules.allowedRsv : 0;
        return (byte & 0x70 & ~allowed) !== 0;
      }),
  ),
  'fragmented-control': firstByte({}, controlOpcode),
  'orphan-continuation': firstByte({ open: false }, () => fc.constantFrom(0x00, 0x80)),
  'data-inside-message': firstByte({ open: true }, ({ rules }) =>
    fc
      .tuple(fc.constantFrom(0, 0x80), fc.nat({ max: 7 }), dataOpcode())
      .map(([fin, rsv, opcode]) => fin | ((rsv << 4) & rules.allowedRsv) | opcode),
  ),
  'mask-missing': masked('server', fc.constant(undefined)),
  'mask-forbidden': masked('client', maskingKey()),
  'control-too-long': fc
    .tuple(context(), controlOpcode(), fc.constantFrom<16 | 64>(16, 64), fc.nat({ max: 65535 }))
    .map(([context, opcode, lengthForm, declaredLength]) => ({
      ...context,
      bad: rawFrame({ opcode, maskingKey: context.maskingKey, lengthForm, declaredLength }),
      at: 1,
    })),
  'close-payload-too-short': fc.tuple(context(), fc.nat({ max: 255 })).map(([context, byte]) => ({
    ...context,
    bad: rawFrame({ opcode: 8, maskingKey: context.maskingKey, payload: Uint8Array.of(byte) }),
    at: 1,
  })),
  'length-top-bit': badLength(
    bigLength(2n ** 63n, 2n ** 64n - 1n).map((declaredLength) => ({ lengthForm: 64, declaredLength })),
  ),
  'length-not-minimal': badLength(
    fc.oneof(
      bigLength(0n, 125n).map((declaredLength) => ({ lengthForm: 16 as const, declaredLength })),
      bigLength(0n, 65535n).map((declaredLength) => ({ lengthForm: 64 as const, declaredLength })),
    ),
  ),
  'length-unsafe': badLength(
    bigLength(2n ** 53n, 2n ** 63n - 1n).map((declaredLength) => ({ lengthForm: 64, declaredLength })),
  ),
  'frame-too-big': fc
    .tuple(context(), dataOpcode(), fc.integer({ min: 50, max: 70000 }), fc.nat({ max: 70000 }), fc.boolean())
    .map(([context, opcode, maxFramePayload, over, fin]) => {
      const declaredLength = maxFramePayload + 1 + over;
      return {
        ...context,
        rules: { ...context.rules, maxFramePayload },
        bad: rawFrame({ fin, opcode: inOrder(context, opcode), maskingKey: context.maskingKey, declaredLength }),
        at: lengthEnd(declaredLength),
      };
    }),
  'message-too-big': fc
    .tuple(context({ open: true }), fc.integer({ min: 50, max: 70000 }), fc.nat({ max: 49 }), fc.boolean())
    .map(([context, maxMessagePayload, over, fin]) => {
      const before = context.opening!.reduce((sum, { opcode, payload }) => sum + (opcode < 8 ? payload!.length : 0), 0);
      const declaredLength = Math.max(1, Math.min(maxMessagePayload - before + 1 + over, 80000));
      return {
        ...context,
        rules: { ...context.rules, maxMessagePayload, maxFramePayload: 2 ** 53 - 1 },
        bad: rawFrame({ fin, opcode: 0, maskingKey: context.maskingKey, declaredLength }),
        at: lengthEnd(declaredLength),
      };
    }),
  'close-code-illegal': badClose(
    fc
      .tuple(illegalCode(), fc.uint8Array({ maxLength: 20 }))
      .map(([code, reason]) => ({ payload: codeAnd(code, reason), bad: 1 })),
  ),
  'close-reason-not-utf8': badClose(
    fc
      .tuple(legalCloseCode(), illFormedUtf8(20))
      .map(([code, { bytes, bad }]) => ({ payload: codeAnd(code, bytes), bad: 2 + bad })),
  ),
  'text-not-utf8': badText(),
  'end-inside-frame': context().chain((context) =>
    fc
      .tuple(
        fc.oneof(
          controlFrame(context.rules.role),
          closeFrame(context.rules.role),
          fc.record({
            opcode: fc.constant(inOrder(context, 2)),
            payload: payload(300),
            maskingKey: fc.constant(context.maskingKey),
          }),
        ),
        fc.nat(),
      )
      .map(([frame, cut]) => {
        // A text's bytes before the cut may be bad by themselves; the continuation of one is left empty of payload.
        const legal = frame.opcode === 0 ? { ...frame, payload: new Uint8Array(0), declaredLength: 1 } : frame;
        const whole = rawFrame(legal);
        const bad = whole.subarray(0, 1 + (cut % Math.max(1, whole.length - 1)));
        return { ...context, bad, at: bad.length };
      }),
  ),
  'end-inside-message': context({ open: true }).map((context) => ({ ...context, bad: new Uint8Array(0), at: 0 })),
};

/** Who alone can meet a violation. */
const ONLY: { readonly [name in Violation]?: Role } = { 'mask-missing': 'server', 'mask-forbidden': 'client' };

/**
 * A legal stream, perhaps an open message, one violation of the given kind, and noise behind it.
 *
 * @param wanted the rules of the reader. Default: any
 * @throws RangeError if no reader of that role meets that violation, or no frame has such reserved bits: the search
 *   would go on for ever. TypeError for what is no violation, or no role
 */
export function plantedViolation(
  violation: Violation,
  wanted: { readonly role?: Role | undefined; readonly allowedRsv?: number | undefined } = {},
): fc.Arbitrary<PlantedViolation> {
  if (!Object.hasOwn(PLANTS, violation)) {
    throw new TypeError(`${JSON.stringify(violation)} is no violation: VIOLATIONS has their names`);
  }
  const { role, allowedRsv } = wanted;
  if (role !== undefined) checkRole(role);
  const only = ONLY[violation] ?? role;
  if (role !== undefined && role !== only)
    throw new RangeError(`a ${role} cannot meet ${violation}, only a ${only} can`);
  if (allowedRsv !== undefined && (allowedRsv & 0x70) !== allowedRsv) {
    throw new RangeError(`allowedRsv may hold the bits 0x40, 0x20 and 0x10, got ${allowedRsv}`);
  }
  const plants = PLANTS[violation].filter(
    ({ rules }) => (role ?? rules.role) === rules.role && (allowedRsv ?? rules.allowedRsv) === rules.allowedRsv,
  );
  return plants.chain(({ rules, opening, bad, at }) =>
    fc.tuple(openStream(rules, { maxPayload: 50 }), fc.uint8Array({ maxLength: 20 })).map(([before, noise]) => {
      const prefix = rawFrames([...before, ...(opening ?? [])]);
      return {
        rules: { ...rules, ended: true as const },
        bytes: concat([prefix, bad, ...(violation.startsWith('end-') ? [] : [noise])]),
        expected: { violation, closeCode: VIOLATIONS[violation], offset: prefix.length + at },
      };
    }),
  );
}

/** A planted violation of any kind, each kind as often as the others. */
export function anyPlantedViolation(): fc.Arbitrary<PlantedViolation> {
  return fc.oneof(...(Object.keys(VIOLATIONS) as Violation[]).map((name) => plantedViolation(name)));
}
