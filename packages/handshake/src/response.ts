import { headerValues } from './fields.ts';
import type { ResponseHead } from './head.ts';

/*
 * What becomes of a server's response, whatever it says, before it is written.
 */

/** The same without its content, and with the Content-Length of it: the answer to a HEAD (RFC 9110, section 9.3.2). */
export function withoutContent<Response extends { readonly body: Uint8Array }>(response: Response): Response {
  return { ...response, body: new Uint8Array(0) };
}

/**
 * The same with a Date, unless it has one: whoever has a clock dates its answers (RFC 9110, section 6.6.1).
 *
 * @param date as HTTP writes it: `new Date().toUTCString()`
 */
export function dated<Response extends ResponseHead>(response: Response, date: string): Response {
  const { headers } = response;
  if (headerValues(headers, 'date').length > 0) return response;
  return { ...response, headers: [...headers, ['Date', date]] };
}
