import { isText, isToken, trimBlanks } from './tokens.ts';

/**
 * Header fields as pairs in wire order, duplicates kept; values have one char a byte. Node's `rawHeaders` has the same
 * flat: a name, its value, the next name.
 */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** One value of a header field or several, each a field of its own. A number becomes its digits. */
export type HeaderValue = string | number | readonly string[];

/**
 * Header fields as an application has them: an object of names and values, or pairs of them: an array, a Map, the
 * `Headers` of the web.
 */
export type Headers = Readonly<Record<string, HeaderValue>> | Iterable<readonly [name: string, value: HeaderValue]>;

/**
 * Header fields as pairs, none where there are none.
 *
 * @throws TypeError for what is neither; names and values are not judged yet
 */
export function headerFields(headers: Headers | null | undefined): [string, string][] {
  if (headers === undefined || headers === null) return [];
  const wrong = (got: unknown) =>
    new TypeError(`headers must be an object of names and values, or pairs of them, got ${String(got)}`);
  if (typeof headers !== 'object') throw wrong(headers);
  const pairs: [string, HeaderValue][] = Symbol.iterator in headers ? [...(headers as [])] : Object.entries(headers);
  return pairs.flatMap((pair): [string, string][] => {
    if (!Array.isArray(pair) || pair.length !== 2) throw wrong(pair);
    const [name, value] = pair;
    if (typeof value === 'string' || typeof value === 'number') return [[name, String(value)]];
    if (!Array.isArray(value))
      throw new TypeError(`the header ${name} must be a string, a number or an array of strings`);
    return value.map((one: string) => [name, one]);
  });
}

/** The values of all fields of that name, compared without case, surrounding spaces and tabs removed. */
export function headerValues(headers: HeaderFields, name: string): string[] {
  const wanted = name.toLowerCase();
  let values: string[] | undefined;
  for (const [other, value] of headers) {
    if (other.length !== wanted.length || other.toLowerCase() !== wanted) continue;
    // Mostly there is one: an array that has grown by `push` has room for sixteen more.
    if (values === undefined) values = [trimBlanks(value)];
    else values.push(trimBlanks(value));
  }
  return values ?? [];
}

/** @throws TypeError for a field that cannot be written without changing the message around it. */
export function checkField(name: string, value: string): void {
  if (!isToken(name)) throw new TypeError(`the header name ${JSON.stringify(name)} is not a token (RFC 9110 5.6.2)`);
  // Blanks around a value are not its own (RFC 9110, section 5.5): readers of the field do not see them.
  if (!isText(value) || value !== trimBlanks(value)) {
    throw new TypeError(
      `the value of ${name} must be a string without control characters, characters above U+00FF or blanks around it`,
    );
  }
}

// The fields that the handshake writes itself, and those that would put a body into it.
const RESERVED = /^(upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** A copy of the caller's own fields. @throws as {@link checkField}, and for those that the handshake writes */
export function readExtraFields(headers: Headers | undefined, alsoReserved?: RegExp): HeaderFields {
  const fields = headerFields(headers);
  for (const [name, value] of fields) {
    checkField(name, value);
    if (RESERVED.test(name) || alsoReserved?.test(name)) {
      throw new TypeError(`the header ${name} is written by the handshake and cannot be set`);
    }
  }
  return fields;
}
