/**
 * Every way in which a peer's bytes can break RFC 6455: its name, the code of the Close frame that
 * answers it (section 7.4.1) and what is told to a person. This is the only place where they stand.
 *
 * 1006 is never sent: the stream has ended.
 */
const VIOLATIONS = {
  'reserved-opcode': [1002, 'the opcode is a reserved one (3-7 or 11-15)'],
  'reserved-bits': [1002, 'a reserved bit (RSV1-RSV3) is set that no extension has negotiated for this frame'],
  'fragmented-control': [1002, 'a control frame is fragmented (FIN is 0)'],
  'orphan-continuation': [1002, 'a continuation frame came with no message to continue'],
  'data-inside-message': [1002, 'a text or binary frame came before the message in progress had ended'],
  'mask-missing': [1002, 'a frame from a client is not masked'],
  'mask-forbidden': [1002, 'a frame from a server is masked'],
  'control-too-long': [1002, 'a control frame has a payload of more than 125 bytes'],
  'close-payload-too-short': [1002, 'a Close frame has a payload of one byte, which holds no close code'],
  'length-top-bit': [1002, 'the 64-bit payload length has its top bit set'],
  'length-not-minimal': [1002, 'the payload length is not in its shortest form'],
  'length-unsafe': [1009, 'the payload length is over 2^53-1'],
  'frame-too-big': [1009, 'the payload of a frame is longer than the limit'],
  'message-too-big': [1009, 'the payload of a message is longer than the limit'],
  'close-code-illegal': [1002, 'the close code is one that must not be sent'],
  'close-reason-not-utf8': [1007, 'the reason of a Close frame is not UTF-8'],
  'text-not-utf8': [1007, 'a text message is not UTF-8'],
  'extension-data-illegal': [1007, 'a message is not what the extension that it is marked for can decode'],
  'end-inside-frame': [1006, 'the stream ended inside a frame'],
  'end-inside-message': [1006, 'the stream ended inside a fragmented message'],
} as const;

/** The name of a rule that the peer can break. @useDeclaredType */
export type ViolationName = keyof typeof VIOLATIONS;

/** The names of all violations, in the order of the table. */
export const violationNames: readonly ViolationName[] = /* @__PURE__ */ Object.keys(VIOLATIONS) as ViolationName[];

/**
 * The close code that answers a violation (RFC 6455, section 7.4.1); 1006 where none can be sent.
 *
 * @throws TypeError if it is not the name of a violation
 */
export function closeCodeOf(violation: ViolationName): number {
  return entryOf(violation)[0];
}

function entryOf(violation: ViolationName): (typeof VIOLATIONS)[ViolationName] {
  // Inherited names such as 'constructor' are not violations.
  if (violationNames.includes(violation)) return VIOLATIONS[violation];
  throw new TypeError(`${String(violation)} is no violation`);
}

/**
 * A violation of RFC 6455 by the peer. Decoders deliver it as a value; only `decodeFrames` throws it.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** The rule that was broken. */
  readonly violation: ViolationName;
  /** The code for the Close frame that tells the peer, or 1006: the stream is gone, send nothing. */
  readonly closeCode: number;
  /** The index, from the start of the stream, of the byte at which it became illegal. */
  readonly offset: number;

  /** @throws TypeError if it is not the name of a violation */
  constructor(violation: ViolationName, offset: number) {
    const [closeCode, words] = entryOf(violation);
    super(`${words} (${violation}, byte ${offset} of the stream, close code ${closeCode})`);
    this.violation = violation;
    this.closeCode = closeCode;
    this.offset = offset;
  }
}
