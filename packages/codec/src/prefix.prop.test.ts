import {
  anyPlantedViolation,
  byteSoup,
  decodeNaively,
  legalStream,
  limitedRules,
  type NaiveRules,
  Recorder,
  rawFrames,
  rules,
  transcript,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameDecoder, MessageDecoder, type Platform } from './index.ts';
import { dirtyPlatforms, recorders } from './noise.suite.ts';

/** What a runtime lends, and how text is wanted. */
type Lent = readonly [platform: Platform, newRecorder: () => Recorder];

const lent = (): fc.Arbitrary<Lent> => fc.tuple(dirtyPlatforms(), recorders());

/**
 * What a fresh decoder makes of the first bytes of a stream, which are all that there are; at `cut` they come in two
 * chunks.
 */
function decodePrefix(
  bytes: Uint8Array,
  length: number,
  rules: NaiveRules,
  ended: boolean,
  cut = 0,
  [platform, newRecorder]: Lent = [{}, () => new Recorder()],
): string[] {
  const recorder = newRecorder();
  const decoder = new MessageDecoder(rules, rules, recorder, platform);
  const prefix = bytes.slice(0, length);
  decoder.push(prefix.subarray(0, cut));
  decoder.push(prefix.subarray(cut));
  if (ended) decoder.end();
  return recorder.transcript();
}

/** The violation that a FrameDecoder, which judges no payload, has told. */
function frameViolation(bytes: Uint8Array, length: number, rules: NaiveRules): string | undefined {
  let line: string | undefined;
  const violation = (error: { violation: string; closeCode: number; offset: number }): void => {
    line = `violation ${error.violation} ${error.closeCode} at ${error.offset}`;
  };
  const max = rules.maxMessagePayload ?? 16 * 1024 * 1024;
  const limits = { maxMessagePayload: max, maxFramePayload: rules.maxFramePayload ?? max };
  new FrameDecoder(rules, { frame() {}, begin() {}, part() {}, violation }, limits).push(bytes.slice(0, length));
  return line;
}

/** Behind it, a frame that began before comes in parts. */
const cut = () => fc.nat({ max: 200 });

const ofPayloads = ['close-code-illegal', 'close-reason-not-utf8', 'text-not-utf8'];

/**
 * Each event comes with its last byte, the violation with the first bad one, and what has been said is never taken
 * back.
 */
function checkEveryPrefix(bytes: Uint8Array, rules: NaiveRules, cut: number, lent: Lent): void {
  const { events, ends, violation } = decodeNaively(bytes, { ...rules, ended: false });
  const lines = transcript(events, violation);
  const due = violation === undefined ? ends : [...ends, violation.offset + 1];
  let count = 0;
  for (let length = 0; length <= bytes.length; length++) {
    while (due[count] === length) count++;
    const found = decodePrefix(bytes, length, rules, false, cut, lent);
    // Compared by hand: most streams have some hundred prefixes.
    if (found.length !== count || found.some((line, i) => line !== lines[i])) {
      expect(found, `the first ${length} bytes`).toEqual(lines.slice(0, count));
    }
    if (violation === undefined || ofPayloads.includes(violation.violation)) continue;
    const wanted = length > violation.offset ? lines.at(-1) : undefined;
    if (frameViolation(bytes, length, rules) !== wanted) {
      expect(frameViolation(bytes, length, rules), `FrameDecoder, the first ${length} bytes`).toBe(wanted);
    }
  }
  expect(count).toBe(lines.length);
}

describe('every prefix of a stream delivers a prefix of its events', () => {
  test('and a violation exactly when its first bad byte has come: any bytes', () => {
    fc.assert(
      fc.property(withRules(limitedRules(), byteSoup), cut(), lent(), ([rules, bytes], cut, lent) =>
        checkEveryPrefix(bytes.subarray(0, 700), rules, cut, lent),
      ),
      { numRuns: 200 },
    );
  });

  test('and a violation exactly when its first bad byte has come: one that was planted', () => {
    fc.assert(
      fc.property(anyPlantedViolation(), cut(), lent(), ({ rules, bytes, expected }, cut, lent) => {
        checkEveryPrefix(bytes.subarray(0, expected.offset + 20), rules, cut, lent);
        if (expected.violation.startsWith('end-')) return;
        // The offset is by the one who planted it.
        const upTo = decodePrefix(bytes, expected.offset, rules, false);
        expect(upTo.filter((line) => line.startsWith('violation'))).toEqual([]);
        expect(decodePrefix(bytes, expected.offset + 1, rules, false)).toEqual([...upTo, ...transcript([], expected)]);
      }),
      { numRuns: 600 },
    );
  });

  test('and its end there is a violation exactly inside of a frame or a message', () => {
    fc.assert(
      fc.property(
        withRules(rules(), (rules) => legalStream(rules, { maxPayload: 40 })),
        ([rules, frames]) => {
          const bytes = rawFrames(frames);
          let at = 0;
          let inMessage = false;
          /** What the end of the stream means at each byte between two frames; elsewhere it is inside of one. */
          const between = new Map([[0, '']]);
          for (const frame of frames) {
            at += rawFrames([frame]).length;
            if (frame.opcode < 8) inMessage = !(frame.fin ?? true);
            between.set(at, inMessage ? 'end-inside-message' : '');
          }
          for (let length = 0; length <= bytes.length; length++) {
            const name = between.get(length) ?? 'end-inside-frame';
            const open = decodePrefix(bytes, length, rules, false);
            const ended = decodePrefix(bytes, length, rules, true);
            const wanted = name === '' ? open : [...open, `violation ${name} 1006 at ${length}`];
            if (ended.join() !== wanted.join()) expect(ended, `the first ${length} bytes`).toEqual(wanted);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
