import { check, checkBytes } from './check.ts';
import { decodeUtf8, encodeUtf8, Utf8Validator } from './utf8.ts';
import type { ViolationName } from './violation.ts';

/** The close codes of RFC 6455, section 7.4.1, and of the IANA registry that goes on from there. */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  /** Never on the wire: tells the application that a Close frame had no code. */
  NoStatus: 1005,
  /** Never on the wire: tells the application that there was no Close frame. */
  Abnormal: 1006,
  InvalidPayload: 1007,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  MandatoryExtension: 1010,
  InternalError: 1011,
  ServiceRestart: 1012,
  TryAgainLater: 1013,
  BadGateway: 1014,
  /** Never on the wire: tells the application that the TLS handshake failed. */
  TlsHandshake: 1015,
} as const;

/** A reason shares the 125 bytes of a control frame with the two of the code (section 5.5). */
export const MAX_REASON_BYTES = 123;

/**
 * Whether a close code may stand in a Close frame: 1000-1003, 1007-1014, and 3000-4999 for libraries and
 * applications (RFC 6455, section 7.4, and IANA's registry for 1012-1014).
 */
export function isWireCloseCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
  );
}

/**
 * The payload of a Close frame (section 5.5.1): empty without a code, else the code and the UTF-8 of the reason.
 *
 * @param reason at most 123 bytes of UTF-8
 * @throws RangeError for a code that may not be sent or a reason that is too long; TypeError for a reason without a
 *   code
 */
export function encodeClose(code?: number | undefined, reason = ''): Uint8Array<ArrayBuffer> {
  check(typeof reason === 'string', reason, 'a close reason', 'a string');
  if (code === undefined) {
    if (reason !== '') throw new TypeError('a close reason needs a close code before it');
    return new Uint8Array(0);
  }
  check(typeof code === 'number', code, 'a close code', 'a number');
  if (!isWireCloseCode(code)) {
    throw new RangeError(`close code ${code} may not be sent: use 1000-1003, 1007-1014 or 3000-4999`);
  }
  const text = encodeUtf8(reason);
  if (text.length > MAX_REASON_BYTES) {
    throw new RangeError(`a close reason has at most ${MAX_REASON_BYTES} bytes of UTF-8, got ${text.length}`);
  }
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}

/** The code and reason of a Close frame; no code at all is `undefined`, which applications are told as 1005. */
export interface Close {
  readonly code: number | undefined;
  readonly reason: string;
}

/**
 * Reads the (unmasked) payload of a Close frame.
 *
 * @returns what it says, or the violation with the index of the first bad byte of the payload
 */
export function decodeClose(
  payload: Uint8Array,
): Close | { readonly violation: ViolationName; readonly offset: number } {
  checkBytes(payload, 'payload');
  if (payload.length === 0) return { code: undefined, reason: '' };
  if (payload.length === 1) return { violation: 'close-payload-too-short', offset: 0 };
  const code = readCloseCode(payload);
  if (!isWireCloseCode(code)) return { violation: 'close-code-illegal', offset: 1 };
  const bad = new Utf8Validator().pushLast(payload, 2);
  if (bad !== -1) return { violation: 'close-reason-not-utf8', offset: bad };
  return { code, reason: decodeUtf8(payload.subarray(2)) };
}

/** The close code at the start of a payload of at least two bytes. */
export function readCloseCode(payload: Uint8Array): number {
  return (payload[0]! << 8) | payload[1]!;
}
