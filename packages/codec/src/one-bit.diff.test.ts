import {
  type Cuts,
  closeFrame,
  concat,
  cuts,
  decodeNaively,
  maskingKeyFor,
  type NaiveRules,
  openStream,
  type Recorder,
  rawFrame,
  rawFrames,
  rules,
  split,
  transcript,
  unfinishedMessage,
  VIOLATIONS,
  type Violation,
  withRules,
} from '@ws/testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Counts, withoutStacks } from './differential.suite.ts';
import { MessageDecoder, type Platform } from './index.ts';
import { dirtyPlatforms, recorders } from './noise.suite.ts';

withoutStacks();

/**
 * Short legal streams: whole ones, with and without a Close, and ones that stop inside a message or inside of a long
 * frame.
 */
const stream = (rules: NaiveRules): fc.Arbitrary<Uint8Array> => {
  const long = fc
    .tuple(fc.constantFrom(126, 300, 65535, 65536, 2 ** 32, 2 ** 53 - 1), maskingKeyFor(rules.role))
    .map(([declaredLength, maskingKey]) =>
      rawFrame({ opcode: 2, maskingKey, declaredLength, payload: Uint8Array.of(1, 2, 3) }),
    );
  const end = fc.oneof(
    fc.constant(new Uint8Array(0)),
    closeFrame(rules.role).map(rawFrame),
    unfinishedMessage(rules).map(rawFrames),
    long,
  );
  return fc.tuple(openStream(rules, { maxPayload: 40 }), end).map(([frames, end]) => concat([rawFrames(frames), end]));
};

function decode(bytes: Uint8Array, rules: NaiveRules, cuts: Cuts, recorder: Recorder, platform: Platform): string[] {
  const decoder = new MessageDecoder(rules, rules, recorder, platform);
  for (const chunk of split(bytes, cuts)) decoder.push(platform.givesChunks ? chunk.slice() : chunk);
  if (rules.ended) decoder.end();
  return recorder.transcript();
}

test('legal streams with any one bit changed, all of them: the messages, violation and offset of the naive codec', () => {
  const counts = new Counts();
  fc.assert(
    fc.property(
      withRules(
        fc
          .tuple(rules(), fc.constantFrom(42, 66, 2 ** 53 - 1), fc.boolean())
          .map(([rules, maxMessagePayload, ended]) => ({
            ...rules,
            maxMessagePayload,
            ended,
          })),
        stream,
      ),
      cuts(),
      recorders(),
      dirtyPlatforms(),
      ([rules, legal], cuts, newRecorder, platform) => {
        const bytes = legal.slice();
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          bytes[bit >> 3]! ^= 1 << (bit & 7);
          const { events, violation } = decodeNaively(bytes, rules);
          const found = decode(bytes, rules, cuts, newRecorder(), platform);
          const wanted = transcript(events, violation);
          if (found.join() !== wanted.join()) expect(found, `bit ${bit & 7} of byte ${bit >> 3}`).toEqual(wanted);
          counts.add('changed bits');
          counts.add(`ends: ${violation?.violation ?? 'legal'}`);
          bytes[bit >> 3]! ^= 1 << (bit & 7);
        }
      },
    ),
    { numRuns: 120 },
  );
  console.log(`one bit changed\n${counts}`);
  for (const name of ['legal', ...(Object.keys(VIOLATIONS) as Violation[])]) {
    expect.soft(counts.get(`ends: ${name}`), name).toBeGreaterThan(0);
  }
});
