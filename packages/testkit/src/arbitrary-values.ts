import * as fc from 'fast-check';
import { checkRole } from './check.ts';
import type { Cuts } from './chunks.ts';
import type { NaiveRules } from './naive-codec.ts';

/** The endpoint that reads: a server demands masks, a client forbids them, an observer takes both. */
export type Role = NaiveRules['role'];

/** The lengths at which the header's form changes, with their neighbours (RFC 6455 section 5.2). */
export const BOUNDARY_LENGTHS: readonly number[] = [0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537];

/** Payload lengths: mostly short, often at a boundary, at most `max` bytes. */
export function payloadLength(max = 65537): fc.Arbitrary<number> {
  const boundaries = BOUNDARY_LENGTHS.filter((length) => length <= max);
  const small = boundaries.filter((length) => length <= 300);
  return fc.oneof(
    { weight: 12, arbitrary: fc.nat({ max: Math.min(max, 20) }) },
    { weight: 4, arbitrary: fc.constantFrom(...small) },
    { weight: 1, arbitrary: fc.constantFrom(...boundaries) },
  );
}

/** Bytes from a length and a seed, so that long payloads cost one random draw and shrink in two steps. */
export function bytesOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** Any bytes, of a {@link payloadLength}. */
export function payload(max?: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(payloadLength(max), fc.integer()).map(([length, seed]) => bytesOf(length, seed));
}

/** Any key, with those that hide a fault: zero, equal bytes, the sign bit, the RFC's own; both signs of notation. */
export function maskingKey(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
    fc.constantFrom(0, -1, 0xffffffff, 0x80000000, -(2 ** 31), 0x37fa213d, 0x01010101, 1, 0xff000000),
  );
}

/**
 * The key of a frame that an endpoint in `role` may read, undefined for an unmasked one.
 *
 * @throws TypeError for what is no role; so do all that make frames for one
 */
export function maskingKeyFor(role: Role): fc.Arbitrary<number | undefined> {
  checkRole(role);
  if (role === 'client') return fc.constant(undefined);
  return role === 'server' ? maskingKey() : fc.option(maskingKey(), { nil: undefined });
}

/** Any of the three roles. */
export function role(): fc.Arbitrary<Role> {
  return fc.constantFrom('server', 'client', 'observer');
}

/** RSV bits that extensions may have negotiated: all 8 sets, most often none. */
export function allowedRsv(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constant(0),
    fc.nat({ max: 7 }).map((bits) => bits << 4),
  );
}

/** A role and RSV bits, without limits of its own. */
export function rules(): fc.Arbitrary<{ role: Role; allowedRsv: number }> {
  return fc.record({ role: role(), allowedRsv: allowedRsv() });
}

/** Rules with limits, low enough to be met. */
export function limitedRules(): fc.Arbitrary<NaiveRules & { role: Role; allowedRsv: number }> {
  const limit = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(...BOUNDARY_LENGTHS));
  return fc.record({
    role: role(),
    allowedRsv: allowedRsv(),
    maxMessagePayload: fc.option(limit, { nil: undefined, freq: 2 }),
    maxFramePayload: fc.option(limit, { nil: undefined, freq: 2 }),
    ended: fc.boolean(),
  });
}

/** Where the network cuts: nowhere, at every byte, or in up to 12 places. */
export function cuts(): fc.Arbitrary<Cuts> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant('every byte' as const) },
    { weight: 3, arbitrary: fc.array(fc.nat({ max: 40 }), { maxLength: 12 }) },
    { weight: 2, arbitrary: fc.array(fc.nat({ max: 2 ** 17 }), { maxLength: 12 }) },
  );
}
