import { expect, test } from 'vitest';
import { decodeNaively } from './naive-codec.ts';
import { Random } from './random.ts';
import { randomRules, randomStream } from './random-streams.ts';
import { concat } from './raw-frame.ts';
import { VIOLATIONS } from './violation.ts';

test('the same seed gives the same streams', () => {
  const streams = [new Random(7), new Random(7)].map((random) =>
    Array.from({ length: 50 }, () => randomStream(random)),
  );
  expect(streams[0]).toEqual(streams[1]);
});

test('the streams are varied: legal ones, long ones, and each violation that bytes can make', () => {
  const random = new Random(1);
  const found = new Map<string, number>();
  const total = 4000;
  let long = 0;
  for (let i = 0; i < total; i++) {
    const { bytes, chunks, frames, role, maxMessagePayload } = randomStream(random);
    expect(Buffer.compare(concat(chunks), bytes)).toBe(0);
    const { violation } = decodeNaively(bytes, { role, maxMessagePayload });
    const name = violation?.violation ?? 'legal';
    found.set(name, (found.get(name) ?? 0) + 1);
    if (frames >= 3) long++;
  }
  for (const name of ['legal', ...Object.keys(VIOLATIONS).filter((name) => !name.startsWith('end-'))]) {
    expect.soft(found.get(name), name).toBeGreaterThan(total / 80);
  }
  expect(long).toBeGreaterThan(0.55 * total);
});

test('with every rule that there is: each violation, and half of the streams with eight frames', () => {
  const random = new Random(1);
  const found = new Map<string, number>();
  const frames: number[] = [];
  const total = 4000;
  for (let i = 0; i < total; i++) {
    const stream = randomStream(random, randomRules(random), 9);
    const read = decodeNaively(stream.bytes, stream);
    frames.push(read.frames);
    const name = read.violation?.violation ?? 'legal';
    found.set(name, (found.get(name) ?? 0) + 1);
  }
  for (const name of ['legal', ...Object.keys(VIOLATIONS)]) {
    expect.soft(found.get(name), name).toBeGreaterThan(total / 150);
  }
  expect(frames.sort((a, b) => a - b)[total / 2]).toBeGreaterThanOrEqual(8);
});
