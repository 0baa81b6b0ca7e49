import { checkType } from './check.ts';
import { HandshakeError } from './error.ts';
import { type HeaderFields, type Headers, headerValues, readExtraFields } from './fields.ts';
import { type ResponseHead, WEBSOCKET_VERSION } from './head.ts';
import { encodeLatin1 } from './latin1.ts';

/** The answer to a handshake that failed. */
export interface Refusal {
  readonly ok: false;
  /** Write `serializeHead(response)`, then `response.body`, then end the socket. */
  readonly response: ResponseHead & { readonly body: Uint8Array<ArrayBuffer> };
  readonly error: HandshakeError;
}

/** The options of a refusal besides its status. */
export interface RefusalOptions {
  /** Plain text. Default: the error's message, which says what to do. A 304 has none. */
  readonly body?: string | undefined;
  /**
   * More header fields. One of these replaces ours: a Content-Type `text/plain; charset=utf-8`, a WWW-Authenticate the
   * `Bearer` of a 401, an Allow the `GET` of a 405.
   */
  readonly headers?: Headers | undefined;
}

const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** The fields that RFC 9110 demands with a status (15.5.2, 15.5.6, 15.5.22) and RFC 6455 with a version (4.2.2). */
const REQUIRED_FIELDS: Readonly<Record<number, HeaderFields>> = {
  401: [['WWW-Authenticate', 'Bearer']],
  405: [['Allow', 'GET']],
  426: [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', WEBSOCKET_VERSION],
  ],
};

/**
 * The answer that ends a handshake: `Connection: close`, because a proxy may keep a tunnel open after anything that
 * is no 101, and a Content-Length, so that the client need not wait for the end.
 *
 * @param why a status from 300 to 599, or the error that a parser gave.
 * @throws RangeError for another status; TypeError for what is neither, for a body that is no string, and for header
 *   fields that cannot be written or are the handshake's own.
 */
export function refuse(why: number | HandshakeError, options: RefusalOptions = {}): Refusal {
  if (!(why instanceof Error)) checkType('a status', why, 'number');
  const { status, reason, message, offset, cause } = typeof why === 'number' ? asError(why) : why;
  if (!(Number.isInteger(status) && status >= 300 && status <= 599)) {
    throw new RangeError(`a status must be an integer from 300 to 599, got ${status}`);
  }
  const extra = readExtraFields(options.headers);
  const text = options.body ?? `${message}\n`;
  checkType('body', text, 'string');
  // RFC 9110, section 15.4.5: a 304 has no content; its Content-Length would be that of another response (8.6).
  const body = encodeUtf8(status === 304 ? '' : text);
  const ofContent: HeaderFields = [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
  ];
  const ours = [...(REQUIRED_FIELDS[status] ?? []), ...(status === 304 ? [] : ofContent)];
  const headers: HeaderFields = [
    // A sender of Upgrade names it here too (RFC 9110 section 7.8).
    ['Connection', status === 426 ? 'Upgrade, close' : 'close'],
    ...ours.filter(([name]) => headerValues(extra, name).length === 0),
    ...extra,
  ];
  return {
    ok: false,
    response: { httpVersion: '1.1', status, reason: PHRASES[status] ?? '', headers, body },
    error: new HandshakeError(reason, message, { status, headers, offset, cause }),
  };
}

/**
 * The answer to a client where a hook of the application has failed: a 500, since the client cannot help it. What
 * was thrown is in the error alone, as its cause.
 *
 * @param cause may be anything, and need not become a string
 */
export function hookFailed(cause: unknown): Refusal {
  const why = `a hook of the server has failed: ${wordsOf(cause)}`;
  const error = new HandshakeError('refused', why, { status: 500, cause });
  return refuse(error, { body: `${asError(500).message}\n` });
}

function wordsOf(thrown: unknown): string {
  try {
    // Of another realm, an error is no Error of ours.
    const { message = thrown } = (thrown ?? {}) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Its message cannot be had.
  }
  return `a value of type ${typeof thrown} was thrown`;
}

function asError(status: number): HandshakeError {
  return new HandshakeError('refused', `${status} ${PHRASES[status] ?? ''}`.trim(), { status });
}

/** A lone surrogate becomes U+FFFD, which encodeURIComponent would throw for. */
function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  return encodeLatin1(escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
}
