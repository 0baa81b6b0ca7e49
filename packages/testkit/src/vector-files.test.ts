import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeNaively, isLegalCloseCode } from './naive-codec.ts';
import { firstBadUtf8, utf8Of } from './naive-utf8.ts';
import { transcript } from './transcript.ts';
import { vectorFiles } from './vector-files.ts';
import { type CloseCodeRange, packBytes, type StreamVector, type Utf8Vector, unpackBytes } from './vector-json.ts';
import { VIOLATIONS } from './violation.ts';

const folder = new URL('../vectors/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const made = vectorFiles();

test('the files are what the script makes: npm run vectors writes them again', () => {
  expect(
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort(),
  ).toEqual(Object.keys(made).sort());
  for (const [name, contents] of Object.entries(made)) expect(read(name), name).toEqual(contents);
});

describe('what a file says is what the naive codec reads', () => {
  const streams = Object.keys(made).filter((name) => name !== 'utf8.json');
  test.each(streams)('%s', (name) => {
    const { vectors } = read(name) as { vectors: StreamVector[] };
    expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
    for (const { name, rules, bytes, events, violation } of vectors) {
      const read = decodeNaively(unpackBytes(bytes), rules);
      const lines = events.map((event) => {
        if (event.type !== 'close') return transcript([{ ...event, payload: unpackBytes(event.payload) }])[0];
        const reason = new TextDecoder('utf-8', { ignoreBOM: true }).decode(unpackBytes(event.reason));
        return transcript([{ type: 'close', code: event.code ?? undefined, reason }])[0];
      });
      const last =
        violation === null ? [] : [`violation ${violation.name} ${violation.closeCode} at ${violation.offset}`];
      expect(transcript(read.events, read.violation), name).toEqual([...lines, ...last]);
    }
  });
});

test('every violation, for every role that can meet it', () => {
  const { vectors } = read('violations.json') as { vectors: StreamVector[] };
  for (const name of Object.keys(VIOLATIONS)) {
    const roles = new Set(vectors.filter(({ violation }) => violation?.name === name).map(({ rules }) => rules.role));
    const met = { 'mask-missing': ['server'], 'mask-forbidden': ['client'] }[name] ?? ['client', 'observer', 'server'];
    expect([...roles].sort(), name).toEqual(met);
  }
});

test('UTF-8: the first bad byte is where Node stops to agree', () => {
  const { vectors } = read('utf8.json') as { vectors: Utf8Vector[] };
  const isValid = (bytes: Uint8Array) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  /** Whether some text begins with the bytes: they are valid, or become so with continuation bytes behind them. */
  const goesOn = (bytes: Uint8Array) =>
    [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf].some((next) =>
      [[], [next], [next, 0x80], [next, 0x80, 0x80]].some((tail) => isValid(Uint8Array.from([...bytes, ...tail]))),
    );
  expect(vectors.length).toBeGreaterThan(250);
  for (const { name, bytes: packed, valid, firstBad, truncated } of vectors) {
    const bytes = unpackBytes(packed);
    expect(isValid(bytes), name).toBe(valid);
    expect(truncated, name).toBe(!valid && firstBad === null);
    if (firstBad === null) expect(goesOn(bytes), name).toBe(true);
    else
      expect([goesOn(bytes.subarray(0, firstBad)), goesOn(bytes.subarray(0, firstBad + 1))], name).toEqual([
        true,
        false,
      ]);
    expect(firstBadUtf8(bytes)).toEqual({ bad: firstBad ?? -1, incomplete: truncated });
  }
});

test('close codes: the ranges are all codes, each once', () => {
  const { ranges } = read('close-codes.json') as { ranges: CloseCodeRange[] };
  const codes = ranges.flatMap(({ from, to, legal }) =>
    Array.from({ length: to - from + 1 }, (_, i) => [from + i, legal]),
  );
  expect(codes.map(([code]) => code)).toEqual(Array.from({ length: 65536 }, (_, code) => code));
  expect(codes.every(([code, legal]) => isLegalCloseCode(code as number) === legal)).toBe(true);
});

test('bytes packed into pieces are the bytes', () => {
  for (const bytes of [[], [1, 2], Array(19).fill(7), Array(20).fill(7), [1, ...Array(300).fill(0), 2, 2]]) {
    expect([...unpackBytes(packBytes(Uint8Array.from(bytes)))]).toEqual(bytes);
  }
  expect(packBytes(utf8Of(`a${'b'.repeat(30)}c`))).toEqual(['61', { byte: 0x62, count: 30 }, '63']);
});
