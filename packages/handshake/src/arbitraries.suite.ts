import fc from 'fast-check';
import type { ExtensionParameters, HeaderFields, RequestHead, ResponseHead } from './index.ts';

const chars = (pattern: RegExp) =>
  Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((char) => pattern.test(char));

const text = (pattern: RegExp, minLength: number, maxLength = 12): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars(pattern)), minLength, maxLength });

export const token: fc.Arbitrary<string> = text(/[!#$%&'*+\-.^_`|~0-9A-Za-z]/, 1);

/** The names that an object inherits: legal tokens that must be nothing but names. */
export const trickyToken: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: token },
  { weight: 1, arbitrary: fc.constantFrom('constructor', '__proto__', 'hasOwnProperty', 'toString') },
);

/** A value that a parser gives back unchanged: no blanks around it. */
export const fieldValue: fc.Arbitrary<string> = text(/[\t\x20-\x7e\x80-\xff]/, 0, 20).map((value) =>
  value.replace(/^[\t ]+|[\t ]+$/g, ''),
);

export const headerFields: fc.Arbitrary<HeaderFields> = fc.array(fc.tuple(trickyToken, fieldValue), { maxLength: 8 });

const httpVersion = fc.constantFrom('1.1', '1.0', '2.0', '0.9');

export const requestHead: fc.Arbitrary<RequestHead> = fc.record(
  { method: token, target: text(/[\x21-\x7e]/, 1), httpVersion, headers: headerFields },
  { noNullPrototype: true },
);

export const responseHead: fc.Arbitrary<ResponseHead> = fc.record(
  {
    httpVersion,
    // What is informational has another head behind it.
    status: fc.oneof(fc.constant(101), fc.integer({ min: 200, max: 999 })),
    reason: text(/[\t\x20-\x7e\x80-\xff]/, 0),
    headers: headerFields,
  },
  { noNullPrototype: true },
);

export const parameters: fc.Arbitrary<ExtensionParameters> = fc.array(
  fc.tuple(trickyToken, fc.option(token, { nil: undefined })),
  { maxLength: 4 },
);

/** A string with the bytes and words at which a scanner can go wrong. */
export const nastyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r',
        '\n',
        '\r\n',
        '\0',
        '\t',
        ' ',
        ',',
        ';',
        '=',
        '"',
        '\\',
        ':',
        '\x7f',
        '\x85',
        '\xa0',
        '\u2028',
      ),
      fc.constantFrom('websocket', 'Upgrade', 'constructor', '__proto__', 'a', '13', '\u212a', 'Ā', '\ud800'),
      token,
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Some bytes of a legal head replaced, inserted or deleted, perhaps its end cut off: most of it is still a head. */
export function damaged(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const byte = fc.oneof(
    fc.constantFrom(0x0d, 0x0a, 0x20, 0x09, 0x3a, 0x00, 0x7f, 0xff),
    fc.integer({ min: 0, max: 255 }),
  );
  const edit = fc.record({ at: fc.nat(), remove: fc.nat(2), insert: fc.array(byte, { maxLength: 2 }) });
  return fc.tuple(whole, fc.array(edit, { maxLength: 3 }), fc.option(fc.nat())).map(([bytes, edits, end]) => {
    const result = [...bytes.subarray(0, end === null ? bytes.length : end % (bytes.length + 1))];
    for (const { at, remove, insert } of edits) result.splice(at % (result.length + 1), remove, ...insert);
    return Uint8Array.from(result);
  });
}

/** A header name that the application may use. */
export const ownHeader: fc.Arbitrary<string> = token.filter(
  (name) => !/^(upgrade|connection|host|origin|content-length|transfer-encoding|sec-websocket-.*)$/i.test(name),
);

/** Legal WebSocket URLs. */
export const urls: fc.Arbitrary<string> = fc
  .record({
    scheme: fc.constantFrom('ws', 'wss', 'http', 'https'),
    host: fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    ),
    port: fc.option(
      fc.integer({ min: 1, max: 65535 }).map((port) => `:${port}`),
      { nil: '' },
    ),
    target: fc.oneof(
      fc.constant(''),
      fc.webPath(),
      fc.webQueryParameters().map((query) => `/?${query}`),
    ),
  })
  .map(({ scheme, host, port, target }) => `${scheme}://${host}${port}${target}`);
