import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nastyText } from './arbitraries.suite.ts';
import { isToken, listElements, trimBlanks } from './tokens.ts';

/** The definition, read char by char: an element ends at a comma, and blanks at its ends are dropped. */
function naiveElements(values: readonly string[]): string[] {
  const elements: string[] = [];
  for (const value of values) {
    let element = '';
    for (const char of [...value.split(''), ',']) {
      if (char !== ',') {
        if (element !== '' || (char !== ' ' && char !== '\t')) element += char;
        continue;
      }
      while (element.endsWith(' ') || element.endsWith('\t')) element = element.slice(0, -1);
      if (element !== '') elements.push(element);
      element = '';
    }
  }
  return elements;
}

test('lists against a naive oracle', () => {
  fc.assert(
    fc.property(fc.array(nastyText), (values) => {
      expect(listElements(values)).toEqual(naiveElements(values));
    }),
  );
});

test('tokens and blanks against regular expressions', () => {
  fc.assert(
    fc.property(nastyText, (text) => {
      expect(isToken(text)).toBe(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text));
      expect(trimBlanks(text)).toBe(text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, ''));
    }),
  );
});
