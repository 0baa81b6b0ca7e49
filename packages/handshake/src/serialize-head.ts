import { checkField } from './fields.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { encodeLatin1 } from './latin1.ts';
import { isText, isToken, isVisible } from './tokens.ts';

/**
 * The text of a head, for a runtime that writes strings: one char a byte (`latin1` on Node).
 *
 * @throws TypeError as {@link serializeHead} does
 */
export function headText(head: RequestHead | ResponseHead): string {
  let text = `${'method' in head ? requestLine(head) : statusLine(head)}\r\n`;
  for (const [name, value] of head.headers) {
    checkField(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return `${text}\r\n`;
}

/**
 * The bytes of a head, with the empty line that ends it. Values go out one byte a char, unchanged.
 *
 * @throws TypeError for anything that would not come back as the same head: a name or method that is no token, a target
 * with a space, control characters (CR and LF above all) or chars above U+00FF in a value, or blanks around it.
 */
export function serializeHead(head: RequestHead | ResponseHead): Uint8Array<ArrayBuffer> {
  return encodeLatin1(headText(head));
}

function requestLine({ method, target, httpVersion }: RequestHead): string {
  check(isToken(method), 'method', method);
  check(isVisible(target), 'request target', target);
  return `${method} ${target} ${protocol(httpVersion)}`;
}

function statusLine({ httpVersion, status, reason }: ResponseHead): string {
  check(Number.isInteger(status) && status >= 100 && status <= 999, 'status', status);
  check(isText(reason), 'reason phrase', reason);
  return `${protocol(httpVersion)} ${status} ${reason}`;
}

function protocol(version: string): string {
  check(/^\d\.\d$/.test(version), 'HTTP version', version);
  return `HTTP/${version}`;
}

function check(legal: boolean, what: string, value: unknown): void {
  if (!legal) throw new TypeError(`${JSON.stringify(value)} cannot be written as the ${what} of an HTTP head`);
}
