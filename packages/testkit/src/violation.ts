/** The names of all violations and the close code that each one asks for (RFC 6455 sections 5, 7.4.1 and 8.1). */
export const VIOLATIONS = {
  'reserved-opcode': 1002,
  'reserved-bits': 1002,
  'fragmented-control': 1002,
  'orphan-continuation': 1002,
  'data-inside-message': 1002,
  'mask-missing': 1002,
  'mask-forbidden': 1002,
  'control-too-long': 1002,
  'close-payload-too-short': 1002,
  'length-top-bit': 1002,
  'length-not-minimal': 1002,
  'length-unsafe': 1009,
  'frame-too-big': 1009,
  'message-too-big': 1009,
  'close-code-illegal': 1002,
  'close-reason-not-utf8': 1007,
  'text-not-utf8': 1007,
  'end-inside-frame': 1006,
  'end-inside-message': 1006,
} as const;

/** The name of a rule that the peer can break. */
export type Violation = keyof typeof VIOLATIONS;

/**
 * The violation that ended a stream: `offset` is the index of the byte at which it became illegal (its length, when its
 * end did).
 */
export interface StreamViolation {
  readonly violation: Violation;
  readonly closeCode: number;
  readonly offset: number;
}
