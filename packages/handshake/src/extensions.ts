import { checkType } from './check.ts';
import { HandshakeError, quote } from './error.ts';
import { isToken, isTokenChar } from './tokens.ts';

/** In wire order, duplicates kept; undefined where the parameter has no value. Values are unquoted. */
export type ExtensionParameters = readonly (readonly [name: string, value: string | undefined])[];

/** One element of Sec-WebSocket-Extensions. */
export interface Extension {
  readonly name: string;
  readonly parameters: ExtensionParameters;
}

/**
 * Parses the value of Sec-WebSocket-Extensions by the grammar of RFC 6455 section 9.1: quoted strings are unescaped,
 * and what they hold must be a token; empty list elements are skipped. Several fields are joined by commas first.
 * Linear in the value's length; never throws for a string. The error's offset counts chars of the value.
 *
 * @throws TypeError if it is not a string
 */
export function parseExtensions(
  value: string,
): { readonly extensions: readonly Extension[] } | { readonly error: HandshakeError } {
  checkType('Sec-WebSocket-Extensions', value, 'string');
  if (value === '') return { extensions: [] };
  let at = 0;

  const skipBlanks = () => {
    while (value[at] === ' ' || value[at] === '\t') at++;
  };
  /** Whether that separator is next; takes it, and the blanks after it. */
  const takes = (separator: string) => {
    if (value[at] !== separator) return false;
    at++;
    skipBlanks();
    return true;
  };
  /** Empty where no token is. */
  const token = () => {
    const start = at;
    while (isTokenChar(value.charCodeAt(at))) at++;
    const text = value.slice(start, at);
    skipBlanks();
    return text;
  };
  /** Empty where none is that holds a token. */
  const quotedToken = () => {
    let text = '';
    for (at++; value[at] !== '"'; at++) {
      if (value[at] === '\\') at++;
      if (!isTokenChar(value.charCodeAt(at))) return '';
      text += value[at];
    }
    if (text) takes('"');
    return text;
  };
  /** Undefined where the grammar is broken, at `at`. */
  const extension = (): Extension | undefined => {
    const name = token();
    if (!name) return undefined;
    const parameters: [string, string | undefined][] = [];
    while (takes(';')) {
      const parameter = token();
      if (!parameter) return undefined;
      const text = takes('=') ? (value[at] === '"' ? quotedToken() : token()) : undefined;
      if (text === '') return undefined;
      parameters.push([parameter, text]);
    }
    return at === value.length || value[at] === ',' ? { name, parameters } : undefined;
  };

  const extensions: Extension[] = [];
  skipBlanks();
  while (at < value.length) {
    if (takes(',')) continue;
    const parsed = extension();
    if (!parsed) {
      const message = `Sec-WebSocket-Extensions is malformed at char ${at}: ${quote(value)}`;
      return { error: new HandshakeError('extensions-malformed', message, { offset: at }) };
    }
    extensions.push(parsed);
  }
  return { extensions };
}

/**
 * The value of Sec-WebSocket-Extensions; needs no quotes, as every value is a token.
 *
 * @throws TypeError for a name or value that is no token.
 */
export function serializeExtensions(extensions: readonly Extension[]): string {
  const checked = (text: string) => {
    if (!isToken(text)) throw new TypeError(`${JSON.stringify(text)} in an extension is not a token`);
    return text;
  };
  return extensions
    .map(({ name, parameters }) => {
      const texts = parameters.map(([key, value]) => checked(key) + (value === undefined ? '' : `=${checked(value)}`));
      return [checked(name), ...texts].join('; ');
    })
    .join(', ');
}
