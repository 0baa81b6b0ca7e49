import { constants, deflateRawSync } from 'node:zlib';
import { concat } from '@ws/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backends, hex, noise, prose } from './backends.suite.ts';
import { readNaively } from './naive-inflate.suite.ts';

const LIMIT = 100_000;

const payload = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.nat()).map(([size, seed]) => prose(size, seed)),
  fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1 })).map(([size, seed]) => noise(size, seed)),
  fc.uint8Array({ minLength: 1, maxLength: 50 }),
);
const strategy = fc.constantFrom(
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FIXED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
);
const message = fc
  .record({ payload, strategy, level: fc.constantFrom(0, 1, 6, 9), final: fc.boolean() })
  .map(({ payload, strategy, level, final }) => {
    const finishFlush = final ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    const deflated = deflateRawSync(payload, { strategy, level, finishFlush });
    return Uint8Array.from(final ? deflated : deflated.subarray(0, -4));
  });

/** A message in which some bits are wrong, or bytes are missing or too many. */
const damaged = fc
  .tuple(message, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), fc.nat({ max: 3 }))
  .map(([message, bits, way]) => {
    if (way === 1) return message.slice(0, Math.max(1, bits[0]! % message.length));
    const bad = way === 2 ? concat([message, Uint8Array.from(bits, (bit) => bit & 0xff)]) : message.slice();
    for (const bit of bits) bad[(bit >> 3) % bad.length]! ^= 1 << (bit & 7);
    return bad;
  });

function read(message: Uint8Array): string | undefined {
  const result = readNaively(message);
  return result && hex(result.output);
}

describe.each(backends)('%s', (_, zlib) => {
  test('a damaged message without takeover is what the naive reader makes of it, and never throws', async () => {
    let [legal, illegal] = [0, 0];
    await fc.assert(
      fc.asyncProperty(damaged, async (message) => {
        const inflated = await zlib.inflater({ takeover: false, windowBits: 15 }).inflate(message, LIMIT);
        if (inflated === 'message-too-big') return;
        const text = typeof inflated === 'string' ? undefined : hex(inflated);
        if (text === undefined) illegal++;
        else legal++;
        expect(text).toBe(read(message));
      }),
      { numRuns: 1500 },
    );
    expect(legal).toBeGreaterThan(20);
    expect(illegal).toBeGreaterThan(500);
  });

  test('with takeover, damage never throws, and what came before it is right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 3 }), damaged, async (before, bad) => {
        const inflater = zlib.inflater({ takeover: true, windowBits: 15 });
        for (const message of before) expect(hex(await inflater.inflate(message, LIMIT))).toBe(read(message));
        const inflated = await inflater.inflate(bad, LIMIT);
        expect(['object', 'string']).toContain(typeof inflated);
        inflater.close();
      }),
      { numRuns: 300 },
    );
  });
});
