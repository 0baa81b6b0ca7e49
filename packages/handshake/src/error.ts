import type { HeaderFields } from './fields.ts';

/** Every reason for which a handshake fails, and the status with which a server answers it (0: found by a client). */
export const HANDSHAKE_REASONS = {
  'start-line-malformed': 400,
  'field-malformed': 400,
  'head-too-large': 431,
  'too-many-fields': 431,
  'http-version-unsupported': 505,
  'method-not-get': 405,
  'target-malformed': 400,
  'body-forbidden': 400,
  'host-malformed': 400,
  'upgrade-missing': 426,
  'connection-missing': 426,
  'version-unsupported': 426,
  'key-malformed': 400,
  'origin-malformed': 400,
  'origin-missing': 403,
  'origin-forbidden': 403,
  'subprotocols-malformed': 400,
  'extensions-malformed': 400,
  refused: 0,
  'status-not-101': 0,
  'accept-mismatch': 0,
  'subprotocol-unexpected': 0,
  'extension-unexpected': 0,
  'extension-unacceptable': 0,
} as const;

/** Why a handshake failed, for code to compare; the message says it to people. */
export type HandshakeReason = keyof typeof HANDSHAKE_REASONS;

/** The details that a {@link HandshakeError} may have besides its reason and message. */
export interface HandshakeErrorDetails {
  /**
   * On a server the status to answer with, on a client the one received. Default: that of the reason in
   * {@link HANDSHAKE_REASONS}.
   */
  readonly status?: number | undefined;
  /** The header fields of that answer. Default: none. */
  readonly headers?: HeaderFields | undefined;
  /**
   * The index of the first byte of the head that is not legal; of the value, for an error of `parseExtensions`.
   * Default: none.
   */
  readonly offset?: number | undefined;
  /** The error that was thrown, if one was. Default: none. */
  readonly cause?: unknown;
}

/** Why there is no WebSocket. It is a value where the peer is at fault; the caller decides whether to throw it. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  readonly reason: HandshakeReason;
  /** On a server the status it answers with; on a client the status it received, 0 when no whole head arrived. */
  readonly status: number;
  /** The header fields of that answer. */
  readonly headers: HeaderFields;
  /** The index of the first byte of the head that is not legal; only for errors of the head's syntax. */
  readonly offset: number | undefined;

  constructor(reason: HandshakeReason, message: string, details: HandshakeErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.status = details.status ?? HANDSHAKE_REASONS[reason];
    this.headers = details.headers ?? [];
    this.offset = details.offset;
  }
}

/** The peer's text, as a message has it: in quotes, escaped and short. Terminals obey what JSON leaves as it is. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(
    /[\x7f-\x9f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  );
}
