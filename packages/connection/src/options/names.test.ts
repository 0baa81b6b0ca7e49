import { expect, test } from 'vitest';
import { checkNames, warnOfNames } from './names.ts';

test('a name that is not known is an error, which says what is', () => {
  checkNames('it', { a: 1, b: null, c: undefined }, ['a', 'b']);
  checkNames('it', {}, []);
  expect(() => checkNames('it', { a: 1, 'b\n': 0 }, ['a', 'b'])).toThrow(
    new TypeError('it has no option "b\\n"; it has a, b'),
  );
  // The name of a property of every object is no option.
  expect(() => checkNames('it', { toString: 1 }, ['a'])).toThrow('it has no option "toString"');
});

test('or a warning, once for each', () => {
  const warnings: string[] = [];
  const warn = (what: string, options: object) => warnOfNames(what, options, ['a'], (text) => warnings.push(text));
  for (let i = 0; i < 2; i++) warn('it', { a: 1, x: 1, y: 2, z: undefined });
  warn('another', { x: 1 });
  expect(warnings).toEqual([
    'it has no option "x", and ignores it; it has a',
    'it has no option "y", and ignores it; it has a',
    'another has no option "x", and ignores it; it has a',
  ]);
});
