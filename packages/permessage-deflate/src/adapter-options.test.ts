import { expect, test } from 'vitest';
import { readPerMessageDeflate } from './adapter-options.ts';

const nobody = () => expect.unreachable('there is nothing to warn of');

test('without a limit, a message more than there are processors may be in progress, at most 4', () => {
  for (const option of [undefined, true, {}, { concurrencyLimit: undefined }]) {
    for (const [processors, concurrency] of [
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 4],
      [64, 4],
    ] as const) {
      expect(readPerMessageDeflate(option, processors, nobody)).toEqual({ concurrency, options: {} });
    }
  }
});

test('what is set is taken, and all else is for the extension', () => {
  const options = { level: 1, threshold: 0 };
  for (const concurrency of [1, 4, 5, Number.MAX_SAFE_INTEGER]) {
    const read = readPerMessageDeflate({ ...options, concurrencyLimit: concurrency }, 1, nobody);
    expect(read).toEqual({ concurrency, options });
  }
  expect(readPerMessageDeflate(false, 1, nobody)).toBeUndefined();
});

test('a name that is no option, as those of ws for zlib, is warned of once, and left out', () => {
  const warnings: string[] = [];
  const given = { level: 1, zlibDeflateOptions: { level: 9 }, threshhold: undefined } as never;
  for (let i = 0; i < 2; i++) {
    const read = readPerMessageDeflate(given, 1, (warning) => warnings.push(warning));
    expect(read?.options).toEqual({ level: 1 });
    expect(read?.options).not.toHaveProperty('zlibDeflateOptions');
  }
  expect(warnings).toEqual([
    expect.stringMatching(
      /^perMessageDeflate has no option "zlibDeflateOptions", and ignores it; it has .*level.*concurrencyLimit$/,
    ),
  ]);
});

test('M8: what is no option is said at once', () => {
  for (const [value, got] of [
    [null, 'null'],
    [0, 'number'],
    ['true', 'string'],
    [() => {}, 'function'],
  ] as const) {
    const read = () => readPerMessageDeflate(value as never, 1, nobody);
    expect(read).toThrow(new TypeError(`perMessageDeflate must be a boolean or an object, got ${got}`));
  }
  const read = (concurrencyLimit: unknown) => () => readPerMessageDeflate({ concurrencyLimit } as never, 1, nobody);
  expect(read(null)).toThrow(new TypeError('concurrencyLimit must be a number, got null'));
  const range = `an integer from 1 to ${Number.MAX_SAFE_INTEGER}`;
  for (const value of [0, 1.5]) {
    expect(read(value)).toThrow(new RangeError(`concurrencyLimit must be ${range}, got ${value}`));
  }
});
