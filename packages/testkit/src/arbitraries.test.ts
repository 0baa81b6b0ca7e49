import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byteSoup,
  illFormedUtf8,
  legalStream,
  nearlyUtf8,
  plantedViolation,
  rules,
  utf8,
  withRules,
} from './arbitraries.ts';
import { isLegalStream } from './legality.ts';
import { decodeNaively } from './naive-codec.ts';
import { firstBadUtf8 } from './naive-utf8.ts';
import { rawFrames } from './raw-frame.ts';
import { VIOLATIONS, type Violation } from './violation.ts';

describe('a planted violation is the one that the naive codec finds', () => {
  test.each(Object.keys(VIOLATIONS) as Violation[])('%s', (name) => {
    fc.assert(
      fc.property(plantedViolation(name), ({ rules, bytes, expected }) => {
        expect(decodeNaively(bytes, rules).violation).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a violation is planted for the reader that is asked for, or there is none to be found', () => {
  const impossible = [
    'server mask-forbidden',
    'client mask-missing',
    'observer mask-missing',
    'observer mask-forbidden',
  ];
  const wanted = (Object.keys(VIOLATIONS) as Violation[]).flatMap((name) =>
    (['server', 'client', 'observer'] as const).map((role) => [name, role] as const),
  );
  test.each(wanted)('%s, a %s', (name, role) => {
    if (impossible.includes(`${role} ${name}`)) {
      expect(() => plantedViolation(name, { role })).toThrow(RangeError);
      return;
    }
    for (const allowedRsv of [0, 0x50]) {
      fc.assert(
        fc.property(plantedViolation(name, { role, allowedRsv }), ({ rules, bytes, expected }) => {
          expect(rules).toMatchObject({ role, allowedRsv });
          expect(decodeNaively(bytes, rules).violation).toEqual(expected);
        }),
        { numRuns: 10 },
      );
    }
  });

  test.each([1, 0x80, -1])('with allowedRsv %j', (allowedRsv) => {
    expect(() => plantedViolation('reserved-bits', { allowedRsv })).toThrow(RangeError);
  });
});

test('a legal stream is legal for the sender that the reader expects', () => {
  fc.assert(
    fc.property(
      withRules(rules(), (rules) => legalStream(rules)),
      ([{ role, allowedRsv }, frames]) => {
        const bytes = rawFrames(frames);
        if (role !== 'observer') {
          expect(isLegalStream(bytes, role === 'server' ? 'client' : 'server', { allowedRsv })).toBe(true);
        }
        expect(decodeNaively(bytes, { role, allowedRsv, ended: true }).violation).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});

test('the soup is nourishing: many of its streams deliver something, and many break something', () => {
  const reads = fc
    .sample(withRules(rules(), byteSoup), { numRuns: 600, seed: 1 })
    .map(([rules, bytes]) => decodeNaively(bytes, rules));
  expect(reads.filter(({ events }) => events.length > 1).length).toBeGreaterThan(150);
  expect(new Set(reads.map(({ violation }) => violation?.violation)).size).toBeGreaterThan(10);
});

test('valid, ill-formed and nearly valid UTF-8', () => {
  fc.assert(
    fc.property(utf8(), (bytes) => {
      expect(firstBadUtf8(bytes)).toEqual({ bad: -1, incomplete: false });
    }),
  );
  fc.assert(
    fc.property(illFormedUtf8(), ({ bytes, bad }) => {
      const { bad: found, incomplete } = firstBadUtf8(bytes);
      expect(incomplete ? bytes.length : found).toBe(bad);
    }),
  );
  const verdicts = fc.sample(nearlyUtf8(), { numRuns: 400, seed: 1 }).map((bytes) => firstBadUtf8(bytes).bad === -1);
  expect(verdicts.filter((good) => good).length).toBeGreaterThan(80);
  expect(verdicts.filter((good) => !good).length).toBeGreaterThan(80);
});
