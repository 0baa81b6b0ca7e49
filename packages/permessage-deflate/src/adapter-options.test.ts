import { expect, test } from 'vitest';
import { readPerMessageDeflate } from './adapter-options.ts';

test('without a limit, a message more than there are processors may be in progress, at most 4', () => {
  for (const option of [undefined, true, {}, { concurrencyLimit: undefined }]) {
    for (const [processors, concurrency] of [
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 4],
      [64, 4],
    ] as const) {
      expect(readPerMessageDeflate(option, processors)).toEqual({ concurrency, options: {} });
    }
  }
});

test('what is set is taken, and all else is for the extension', () => {
  const options = { level: 1, threshold: 0 };
  for (const concurrency of [1, 4, 5, Number.MAX_SAFE_INTEGER]) {
    const read = readPerMessageDeflate({ ...options, concurrencyLimit: concurrency }, 1);
    expect(read).toEqual({ concurrency, options });
  }
  expect(readPerMessageDeflate(false, 1)).toBeUndefined();
});

test('M8: what is no option is said at once', () => {
  for (const [value, got] of [
    [null, 'null'],
    [0, 'number'],
    ['true', 'string'],
    [() => {}, 'function'],
  ] as const) {
    const read = () => readPerMessageDeflate(value as never, 1);
    expect(read).toThrow(new TypeError(`perMessageDeflate must be a boolean or an object, got ${got}`));
  }
  const read = (concurrencyLimit: unknown) => () => readPerMessageDeflate({ concurrencyLimit } as never, 1);
  expect(read(null)).toThrow(new TypeError('concurrencyLimit must be a number, got null'));
  const range = `an integer from 1 to ${Number.MAX_SAFE_INTEGER}`;
  for (const value of [0, 1.5]) {
    expect(read(value)).toThrow(new RangeError(`concurrencyLimit must be ${range}, got ${value}`));
  }
});
