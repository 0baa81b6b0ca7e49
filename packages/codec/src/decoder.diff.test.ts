import {
  byteSoup,
  type Cuts,
  cuts,
  decodeNaively,
  legalStream,
  limitedRules,
  type NaiveRules,
  plantedViolation,
  pushAll,
  Recorder,
  rawFrames,
  rules,
  split,
  transcript,
  VIOLATIONS,
  type Violation,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageDecoder } from './index.ts';

/** What the decoder makes of a stream that comes in chunks, each of which is overwritten after its push. */
function decode(bytes: Uint8Array, rules: NaiveRules, cuts: Cuts): string[] {
  const recorder = new Recorder();
  const decoder = new MessageDecoder(rules, rules, recorder);
  pushAll(decoder, split(bytes, cuts));
  expect(decoder.offset).toBe(bytes.length);
  if (rules.ended) decoder.end();
  return recorder.transcript();
}

function naively(bytes: Uint8Array, rules: NaiveRules): string[] {
  const { events, violation } = decodeNaively(bytes, rules);
  return transcript(events, violation);
}

test('any bytes in any chunks: the messages, violation and offset of the naive codec', () => {
  fc.assert(
    fc.property(withRules(limitedRules(), byteSoup), cuts(), ([rules, bytes], cuts) => {
      expect(decode(bytes, rules, cuts)).toEqual(naively(bytes, rules));
    }),
    { numRuns: 6000 },
  );
});

test('noise of single bytes: the messages, violation and offset of the naive codec', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), limitedRules(), cuts(), (bytes, rules, cuts) => {
      expect(decode(bytes, rules, cuts)).toEqual(naively(bytes, rules));
    }),
    { numRuns: 2000 },
  );
});

test('legal streams with payloads of every form of length, in any chunks', () => {
  fc.assert(
    fc.property(
      withRules(rules(), (rules) => legalStream(rules)),
      cuts(),
      ([rules, frames], cuts) => {
        const bytes = rawFrames(frames);
        const ended = { ...rules, ended: true };
        const expected = naively(bytes, ended);
        expect(expected.filter((line) => line.startsWith('violation'))).toEqual([]);
        expect(decode(bytes, ended, cuts)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test('every single cut of a stream, and every pair of cuts, gives what the whole gives', () => {
  const frames = fc.sample(legalStream({ role: 'server' }, { maxPayload: 60 }), { seed: 5, numRuns: 40 });
  for (const stream of frames) {
    const bytes = rawFrames(stream).slice(0, 120);
    const rules = { role: 'server', ended: true } as const;
    const whole = naively(bytes, rules);
    for (let a = 0; a <= bytes.length; a++) {
      for (let b = a; b <= bytes.length; b += a % 7 === 0 ? 1 : 13) {
        const lines = decode(bytes, rules, [a, b]);
        if (lines.join() !== whole.join()) expect(lines, `cut at ${a} and ${b}`).toEqual(whole);
      }
    }
  }
});

describe('one planted violation: its name, code and offset, in any chunks, noise behind it', () => {
  test.each(Object.keys(VIOLATIONS) as Violation[])('%s', (name) => {
    fc.assert(
      fc.property(plantedViolation(name), cuts(), ({ rules, bytes, expected }, cuts) => {
        const lines = decode(bytes, rules, cuts);
        expect(lines.at(-1)).toBe(transcript([], expected)[0]);
        expect(lines).toEqual(naively(bytes, rules));
      }),
      { numRuns: 200 },
    );
  });
});
