import { expect, test } from 'vitest';
import { offerPermessageDeflate } from './client.ts';
import { pureZlib } from './pure.ts';
import { permessageDeflate } from './server.ts';

const zlib = pureZlib();
const BIG = Number.MAX_SAFE_INTEGER;

/** What both ends say of options, and of a zlib. */
const calls = (options: unknown, over: unknown = zlib) => [
  () => permessageDeflate(over as never, options as never),
  () => offerPermessageDeflate(over as never, options as never),
];
const take = (options: unknown) => calls(options).forEach((call) => void call());
const refuse = (error: Error, options: unknown, over?: unknown) => {
  for (const call of calls(options, over)) expect(call).toThrow(error);
};
const typeOf = (value: unknown) => (value === null ? 'null' : typeof value);

test('M8: numbers of the wrong kind are said at once, by their name', () => {
  for (const [name, min, max] of [
    ['serverMaxWindowBits', 8, 15],
    ['clientMaxWindowBits', 8, 15],
    ['threshold', 0, BIG],
    ['level', 0, 9],
    ['memLevel', 1, 9],
    ['maxTakeovers', 0, BIG],
  ] as const) {
    for (const value of [min, max, undefined]) take({ [name]: value });
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuse(new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`), { [name]: value });
    }
    for (const value of ['10', true, null, 10n]) {
      refuse(new TypeError(`${name} must be a number, got ${typeOf(value)}`), { [name]: value });
    }
  }
});

test('M8: so are flags, and the ratio', () => {
  for (const name of ['serverNoContextTakeover', 'clientNoContextTakeover']) {
    for (const value of ['yes', 1, null, {}]) {
      refuse(new TypeError(`${name} must be a boolean, got ${typeOf(value)}`), { [name]: value });
    }
  }
  for (const maxRatio of [1, 1032.5, Number.POSITIVE_INFINITY, undefined]) take({ maxRatio });
  for (const maxRatio of [0.999, -1, Number.NaN]) {
    refuse(new RangeError(`maxRatio must be 1 or more, got ${maxRatio}`), { maxRatio });
  }
  for (const maxRatio of ['5', null, true]) {
    refuse(new TypeError(`maxRatio must be a number, got ${typeOf(maxRatio)}`), { maxRatio });
  }
});

test('a name that is no option is said at once', () => {
  const names =
    'serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits, threshold, level, memLevel, maxRatio, maxTakeovers';
  refuse(new TypeError(`permessage-deflate has no option "threshhold"; it has ${names}`), { threshhold: 0 });
  take({ threshhold: undefined });
});

test('M8: what are no options at all, and what is no zlib', () => {
  for (const options of [null, 7, 'x', true]) {
    refuse(new TypeError(`options must be an object, got ${typeOf(options)}`), options);
  }
  take(undefined);
  const [{ deflater, inflater }, words] = [
    zlib,
    'zlib (nodeZlib() or pureZlib()) must have the methods deflater, inflater',
  ];
  refuse(new TypeError(`${words}, got null`), {}, null);
  expect(() => permessageDeflate(undefined as never)).toThrow(new TypeError(`${words}, got undefined`));
  refuse(new TypeError(`${words}, got an object without inflater`), {}, { deflater, minWindowBits: 8 });
  refuse(new TypeError(`${words}, got an object without deflater`), {}, { inflater, minWindowBits: 8 });
});
