import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Utf8Validator } from '@ws/codec';
import { unpackBytes } from '@ws/testkit';
import { describe, expect, test } from 'vitest';
import { judge } from './judge.js';

/**
 * The built codec beside the vectors, cut in two everywhere.
 *
 * @typedef {import('@ws/testkit').StreamVector} StreamVector
 * @typedef {import('@ws/testkit').Utf8Vector} Utf8Vector
 */
const require = createRequire(import.meta.url);
const folder = dirname(require.resolve('@ws/testkit/vectors/utf8.json'));
const streams = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'utf8.json');

/** @param {string} name @returns {any} */
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

/**
 * Every place to cut; in a long stream, where a payload of one byte so many times lies on both sides, each 499th.
 *
 * @param {number} length
 */
function* placesToCut(length) {
  for (let cut = 0; cut <= length; cut += cut > 400 && cut < length - 900 ? 499 : 1) yield cut;
}

describe.each(streams)('%s', (file) => {
  /** @type {{ vectors: StreamVector[] }} */
  const { vectors } = read(file);
  test.each(vectors)('$name', ({ rules, bytes: packed, events, violation }) => {
    const bytes = unpackBytes(packed);
    const { naive, problem } = judge({ rules, bytes, cuts: 'every byte', holds: [] });
    expect(problem).toBeUndefined();
    expect(naive.events).toHaveLength(events.length);
    expect(naive.violation?.violation).toBe(violation?.name);
    expect(naive.violation?.offset).toBe(violation?.offset);
    for (const cut of placesToCut(bytes.length)) {
      const { problem } = judge({ rules, bytes, cuts: [cut], holds: [] }, undefined, naive);
      if (problem !== undefined) expect.fail(`cut at ${cut}: ${problem}`);
    }
  });
});

describe('utf8.json', () => {
  /** @type {{ vectors: Utf8Vector[] }} */
  const { vectors } = read('utf8.json');
  test.each(vectors)('$name', ({ bytes: packed, valid, firstBad, truncated }) => {
    const bytes = unpackBytes(packed);
    for (const cut of placesToCut(bytes.length)) {
      const validator = new Utf8Validator();
      let bad = validator.push(bytes, 0, cut);
      if (bad === -1) bad = validator.push(bytes, cut);
      expect(bad).toBe(firstBad ?? -1);
      if (bad === -1) expect([validator.complete, !validator.complete]).toEqual([valid, truncated]);
    }
  });
});
