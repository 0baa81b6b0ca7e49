import { type Cuts, split } from './chunks.ts';
import type { NaiveRules } from './naive-codec.ts';
import type { Random } from './random.ts';
import { Draft } from './random-draft.ts';
import { FLAWS } from './random-flaws.ts';
import { concat, rawFrame } from './raw-frame.ts';

/** The rules of a stream that nothing was asked for: no extensions, and a limit that is met now and then. */
export interface PlainRules {
  readonly role: 'server' | 'client';
  readonly maxMessagePayload: number;
}

/** A stream from a seed, for runs of so many that fast-check's own (shrinkable) values would take minutes. */
export type RandomStream<R extends NaiveRules = PlainRules> = R & {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many frames `bytes` was put together from, the last one possibly cut. */
  readonly frames: number;
  readonly chunks: readonly Uint8Array[];
};

/** A server or a client, and one of three limits on its messages. */
export function randomPlainRules(random: Random): PlainRules {
  return { role: random.pick(['server', 'client']), maxMessagePayload: random.pick([200, 1000, 100_000]) };
}

/** Rules with everything in them that can be set; limits that are seldom so low that most streams meet them. */
export function randomRules(random: Random): NaiveRules {
  const low = [0, 1, 2, 125, 126, 127, 128, 65535, 65536];
  return {
    role: random.pick(['server', 'client', 'observer']),
    allowedRsv: random.oneIn(2) ? 0 : random.below(8) << 4,
    maxMessagePayload: random.oneIn(25) ? random.pick(low) : random.pick([undefined, 200, 1000, 100_000]),
    maxFramePayload: random.oneIn(50) ? random.pick(low) : random.pick([undefined, undefined, 195]),
    ended: random.oneIn(2),
  };
}

/** A stream for {@link randomPlainRules}. */
export function randomStream(random: Random): RandomStream;
/**
 * Legal messages and controls, in three of four streams one violation (of each kind alike), and in half of them more
 * frames behind it. One in ten is cut off.
 *
 * @param rules whose reader the stream is for
 * @param length up to how many messages and controls come before the violation. Default 5
 */
export function randomStream<R extends NaiveRules>(random: Random, rules: R, length?: number): RandomStream<R>;
export function randomStream(
  random: Random,
  rules: NaiveRules = randomPlainRules(random),
  length = 5,
): RandomStream<NaiveRules> {
  const draft = new Draft(random, rules);
  draft.legal(random.below(length + 1));
  if (random.oneIn(4)) draft.message(true);
  if (!random.oneIn(4)) random.pick(FLAWS)(draft);
  if (random.oneIn(2)) {
    draft.finish();
    draft.legal(random.below(3));
  }
  if (random.oneIn(3)) {
    draft.add(draft.legalClose());
    if (random.oneIn(3)) draft.legal(2);
  }
  if (draft.frames.length === 0) draft.add(draft.inOrder());

  let bytes = concat(draft.frames.map(rawFrame));
  if (random.oneIn(10)) bytes = bytes.slice(0, random.below(bytes.length));
  return {
    ...rules,
    bytes,
    frames: draft.frames.length,
    chunks: split(bytes, randomCuts(random, bytes.length)).filter((chunk) => chunk.length > 0),
  };
}

/** Where a network may cut: nowhere, in up to eight places, or, in streams that are not long, at every byte. */
export function randomCuts(random: Random, length: number): Cuts {
  if (random.oneIn(12) && length < 500) return 'every byte';
  if (random.oneIn(6)) return [];
  return Array.from({ length: 1 + random.below(8) }, () => random.below(length + 1));
}
