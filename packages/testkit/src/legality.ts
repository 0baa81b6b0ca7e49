import { decodeNaively } from './naive-codec.ts';

/** The options by which a stream is judged: what the two ends have agreed on, and whether the sender is done. */
export interface LegalityOptions {
  /** RSV bits, as in byte 0, that extensions negotiated. Default 0. */
  readonly allowedRsv?: number | undefined;
  /** Everything was sent: the bytes must end between two messages. Default true. */
  readonly ended?: boolean | undefined;
}

/**
 * Why the bytes that `sender` wrote are not a legal stream of frames, or undefined when they are. Legal: every header
 * and payload, masks exactly from a client, fragments in order, nothing after the Close, and no end inside of anything.
 */
export function whyIllegal(
  bytes: Uint8Array,
  sender: 'client' | 'server',
  options: LegalityOptions = {},
): string | undefined {
  const { violation, consumed } = decodeNaively(bytes, {
    role: sender === 'client' ? 'server' : 'client',
    allowedRsv: options.allowedRsv,
    maxMessagePayload: Number.MAX_SAFE_INTEGER,
    ended: options.ended ?? true,
  });
  if (violation !== undefined) return `${violation.violation} at byte ${violation.offset}`;
  if (consumed < bytes.length) return `${bytes.length - consumed} bytes after the Close, from byte ${consumed} on`;
  return undefined;
}

/** Whether {@link whyIllegal} has nothing to say. */
export function isLegalStream(bytes: Uint8Array, sender: 'client' | 'server', options: LegalityOptions = {}): boolean {
  return whyIllegal(bytes, sender, options) === undefined;
}
