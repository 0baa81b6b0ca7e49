import { kindOf } from './check.ts';

// One bit for each char of RFC 9110's `tchar`, 32 chars an entry.
const TOKEN_CHARS = [0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff];

export function isTokenChar(char: number): boolean {
  return ((TOKEN_CHARS[char >> 5] ?? 0) >>> (char & 31)) % 2 === 1;
}

/** A printable ASCII char that is no space: all that a request target may hold. */
export function isVisibleChar(char: number): boolean {
  return char > 0x20 && char < 0x7f;
}

/** A char that a field value or a reason phrase may hold: visible, obs-text, space or tab (RFC 9110 section 5.5). */
export function isTextChar(char: number): boolean {
  return (char >= 0x20 && char !== 0x7f && char <= 0xff) || char === 0x09;
}

// Whole texts are judged by regular expressions: they are fast before a loop is compiled. A value that is no string is
// none of these.

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Whether a text is one or more visible chars. */
export function isVisible(text: unknown): text is string {
  return typeof text === 'string' && /^[!-~]+$/.test(text);
}

/** Whether a text may be a field value or a reason phrase: also the empty one. */
export function isText(text: unknown): text is string {
  return typeof text === 'string' && /^[\t -~\x80-\xff]*$/.test(text);
}

const isBlank = (char: number) => char === 0x20 || char === 0x09;

/** Removes space and tab, the only optional whitespace in HTTP: String's trim() takes U+00A0 and more. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * The elements of a comma-separated list that may go over several fields; empty elements do not count (RFC 9110
 * section 5.6.1). They are not yet judged: an element may be any text without a comma.
 */
export function listElements(values: readonly string[]): string[] {
  const elements: string[] = [];
  for (const value of values) {
    for (const part of value.split(',')) {
      const element = trimBlanks(part);
      if (element !== '') elements.push(element);
    }
  }
  return elements;
}

// These match a field value that has that element, in whatever case.
export const LISTS_UPGRADE: RegExp = /(^|,)[\t ]*upgrade[\t ]*(,|$)/i;
export const LISTS_WEBSOCKET: RegExp = /(^|,)[\t ]*websocket[\t ]*(,|$)/i;

/** A copy of `value`. @throws TypeError unless it is an array of tokens, each once */
export function readUniqueTokens(value: readonly string[], what: string): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError(`${what} must be an array of tokens, got ${kindOf(value)}`);
  for (const element of value) {
    if (!isToken(element)) throw new TypeError(`${what}: ${JSON.stringify(element)} is not a token (RFC 9110 5.6.2)`);
  }
  if (new Set(value).size < value.length) throw new TypeError(`${what}: an element is there twice`);
  return [...value];
}
