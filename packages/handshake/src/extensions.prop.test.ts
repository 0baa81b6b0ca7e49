import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nastyText, parameters, trickyToken } from './arbitraries.suite.ts';
import { type Extension, parseExtensions, serializeExtensions } from './index.ts';

const extensions: fc.Arbitrary<Extension[]> = fc.array(
  fc.record({ name: trickyToken, parameters }, { noNullPrototype: true }),
  { maxLength: 4 },
);

test('what is written is read back', () => {
  fc.assert(
    fc.property(extensions, (extensions) => {
      expect(parseExtensions(serializeExtensions(extensions))).toEqual({ extensions });
    }),
  );
});

const blanks = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 2 });

/** One way to write a list: blanks anywhere between its parts, values quoted or not, chars escaped, empty elements. */
const written = extensions.chain((extensions) => {
  const texts: fc.Arbitrary<string>[] = [];
  const add = (text: string) => texts.push(blanks.map((before) => before + text));
  for (const [i, { name, parameters }] of extensions.entries()) {
    if (i > 0) add(',');
    texts.push(
      fc
        .array(
          blanks.map((blank) => `${blank},`),
          { maxLength: 2 },
        )
        .map((empty) => empty.join('')),
    );
    add(name);
    for (const [key, value] of parameters) {
      add(';');
      add(key);
      if (value === undefined) continue;
      add('=');
      const chars = fc.tuple(...Array.from(value, (char) => fc.constantFrom(char, `\\${char}`)));
      texts.push(
        fc
          .tuple(
            blanks,
            fc.oneof(
              fc.constant(value),
              chars.map((all) => `"${all.join('')}"`),
            ),
          )
          .map((all) => all.join('')),
      );
    }
  }
  return fc.tuple(...texts, blanks).map((all) => ({ extensions, value: all.join('') }));
});

test('H4: every way to write a list gives that list', () => {
  fc.assert(
    fc.property(written, ({ extensions, value }) => {
      expect(parseExtensions(value)).toEqual({ extensions });
    }),
  );
});

// RFC 6455 section 9.1 as one expression: slow, but independent of the scanner.
const TOKEN = String.raw`[!#$%&'*+\-.^_\`|~0-9A-Za-z]`;
const VALUE = String.raw`(?:${TOKEN}+|"(?:\\?${TOKEN})+")`;
const EXTENSION = String.raw`${TOKEN}+(?:[ \t]*;[ \t]*${TOKEN}+(?:[ \t]*=[ \t]*${VALUE})?)*`;
const LIST = new RegExp(String.raw`^[ \t]*(?:${EXTENSION})?(?:[ \t]*,[ \t]*(?:${EXTENSION})?)*[ \t]*$`);

test('any text: accepted exactly when the grammar matches, and never a throw', () => {
  let legal = 0;
  const part = fc.constantFrom('a', 'b', ' ', ',', ';', '=', '"', '\\', 'constructor', '\xe9');
  const text = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(text, nastyText), (value) => {
      const result = parseExtensions(value);
      if (LIST.test(value)) legal++;
      expect('extensions' in result).toBe(LIST.test(value));
    }),
    { numRuns: 3000 },
  );
  expect(legal).toBeGreaterThan(100);
});

test('all texts of up to 6 chars of the separators and one token char, against the grammar', () => {
  const alphabet = [' ', ',', ';', '=', '"', '\\', 'a'];
  let texts = [''];
  for (let length = 0; length <= 6; length++) {
    for (const text of texts)
      if ('extensions' in parseExtensions(text) !== LIST.test(text)) throw new Error(JSON.stringify(text));
    texts = texts.flatMap((text) => alphabet.map((char) => text + char));
  }
});
