import { expect, test } from 'vitest';
import { pushAll, split } from './chunks.ts';
import { concat } from './raw-frame.ts';

const bytes = Uint8Array.of(1, 2, 3, 4, 5);

test('the chunks are the bytes', () => {
  for (const cuts of [[], [0], [3, 1], [5, 5, 2, 2], [6, 11], 'every byte'] as const) {
    expect(concat(split(bytes, cuts))).toEqual(bytes);
  }
  expect(split(bytes, 'every byte')).toHaveLength(5);
  expect(split(new Uint8Array(0), 'every byte')).toHaveLength(1);
  expect(split(bytes, [3, 1]).map((chunk) => chunk.length)).toEqual([1, 2, 2]);
});

test('a consumer that keeps its input ends up with rubbish', () => {
  const kept: Uint8Array[] = [];
  const copied: Uint8Array[] = [];
  const keeper = {
    push(chunk: Uint8Array): number {
      kept.push(chunk);
      copied.push(chunk.slice());
      return chunk.length;
    },
  };
  pushAll(keeper, split(bytes, [2]));
  expect(concat(copied)).toEqual(bytes);
  expect(concat(kept)).toEqual(new Uint8Array(5).fill(0xa5));
});

test('a consumer that writes to its input, or leaves some of it, is found out', () => {
  expect(() => pushAll({ push: (chunk) => chunk.fill(0).length }, [bytes])).toThrow('wrote to its byte 0');
  expect(() => pushAll({ push: () => 4 }, [bytes])).toThrow('4 of 5 bytes were taken');
});
