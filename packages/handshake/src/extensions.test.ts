import { describe, expect, test } from 'vitest';
import { HandshakeError, parseExtensions, serializeExtensions } from './index.ts';

test.each([
  ['', []],
  [' \t', []],
  [',, ,', []],
  ['foo', [{ name: 'foo', parameters: [] }]],
  // The examples of RFC 6455 section 9.1.
  ['deflate-stream', [{ name: 'deflate-stream', parameters: [] }]],
  [
    'mux; max-channels=4; flow-control, deflate-stream',
    [
      {
        name: 'mux',
        parameters: [
          ['max-channels', '4'],
          ['flow-control', undefined],
        ],
      },
      { name: 'deflate-stream', parameters: [] },
    ],
  ],
  ['private-extension', [{ name: 'private-extension', parameters: [] }]],
  // Chrome's offer.
  [
    'permessage-deflate; client_max_window_bits',
    [{ name: 'permessage-deflate', parameters: [['client_max_window_bits', undefined]] }],
  ],
  // Blanks around every separator, and none.
  [
    'a ; b\t=\t1 ,\tc;d',
    [
      { name: 'a', parameters: [['b', '1']] },
      { name: 'c', parameters: [['d', undefined]] },
    ],
  ],
  // Quoted strings and their escapes; what they hold is a token.
  ['a; b="1"', [{ name: 'a', parameters: [['b', '1']] }]],
  [
    'a; b="\\1\\5" ; c',
    [
      {
        name: 'a',
        parameters: [
          ['b', '15'],
          ['c', undefined],
        ],
      },
    ],
  ],
  // Duplicates stay visible, and names that objects inherit are names.
  [
    'a;b;b=1, a',
    [
      {
        name: 'a',
        parameters: [
          ['b', undefined],
          ['b', '1'],
        ],
      },
      { name: 'a', parameters: [] },
    ],
  ],
  ['constructor; __proto__=toString', [{ name: 'constructor', parameters: [['__proto__', 'toString']] }]],
] as const)('H4, H5: %j', (value, extensions) => {
  expect(parseExtensions(value)).toEqual({ extensions });
});

describe('a broken grammar is an error at the char that breaks it', () => {
  test.each([
    ['', ';'],
    ['', '=1'],
    ['', '"a"'],
    ['a ', 'b'],
    ['a', '=1'],
    ['a', '/b'],
    ['a;', ''],
    ['a; ', ';'],
    ['a; ', ', b'],
    ['a; ', '=1'],
    ['a; b=', ''],
    ['a; b= ', ';'],
    ['a; b= ', ','],
    ['a; b=1 ', '2'],
    ['a; b=1', '"2"'],
    ['a; b="', '"'],
    ['a; b="', ' 1"'],
    ['a; b="1', ' "'],
    ['a; b="1', ','],
    ['a; b="1', ''],
    ['a; b="\\', ''],
    ['a; b="\\', '"1"'],
    ['a; b="\\', '\\"'],
    ['a; b="1"', 'c'],
    ['a, b; ', '\xe9'],
    ['a', '\0'],
    ['a', '\xa0'],
  ])('%j + %j', (legal, illegal) => {
    const result = parseExtensions(legal + illegal);
    if (!('error' in result)) throw new Error('expected an error');
    expect(result.error).toBeInstanceOf(HandshakeError);
    expect(result.error).toMatchObject({ reason: 'extensions-malformed', status: 400, offset: legal.length });
    expect(result.error.message).toContain(`char ${legal.length}`);
  });
});

test('an error shows the value, but not all of a long one', () => {
  const result = parseExtensions(`${'a'.repeat(10_000)}"\0`);
  if (!('error' in result)) throw new Error('expected an error');
  expect(result.error.message.length).toBeLessThan(200);
});

test('serializeExtensions writes what was parsed, and only tokens', () => {
  expect(serializeExtensions([])).toBe('');
  expect(
    serializeExtensions([
      {
        name: 'a',
        parameters: [
          ['b', '1'],
          ['c', undefined],
        ],
      },
      { name: 'd', parameters: [] },
    ]),
  ).toBe('a; b=1; c, d');
  for (const bad of ['', 'a b', 'a;b', 'a\r\nb', '"a"', 'é', 15 as unknown as string]) {
    expect(() => serializeExtensions([{ name: bad, parameters: [] }])).toThrow(TypeError);
    expect(() => serializeExtensions([{ name: 'a', parameters: [[bad, undefined]] }])).toThrow(TypeError);
    expect(() => serializeExtensions([{ name: 'a', parameters: [['b', bad]] }])).toThrow(TypeError);
  }
});
