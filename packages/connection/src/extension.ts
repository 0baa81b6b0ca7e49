/**
 * An extension that a handshake has agreed on (RFC 6455, section 9), as a connection runs it: whole messages in, whole
 * messages out, marked by a reserved bit of their first frame.
 */
export interface Extension {
  /** The reserved bits that are its own, as they lie in byte 0: 0x40 is RSV1. */
  readonly rsv: number;

  /**
   * A message from the peer, whose first frame has at least one of its bits set.
   *
   * @param maxLength the limit on what comes out, in bytes; over it, the answer is 'message-too-big'
   * @returns the payload that the next extension, or the application, gets
   */
  decode(payload: Uint8Array<ArrayBuffer>, maxLength: number): Uint8Array<ArrayBuffer> | ExtensionFailure;

  /**
   * A message to the peer.
   *
   * @returns the payload to send with the extension's bits set, or undefined to leave this message as it is
   */
  encode(
    payload: Uint8Array,
    options: { readonly isBinary: boolean; readonly compress: boolean },
  ): Uint8Array | undefined;
}

/** How a message from the peer was illegal to an extension. */
export type ExtensionFailure = 'message-too-big' | 'extension-data-illegal';

/** The bits of all extensions. */
export function allRsv(extensions: readonly Extension[]): number {
  let rsv = 0;
  for (const extension of extensions) {
    if ((rsv & extension.rsv) !== 0) throw new TypeError('two extensions use the same reserved bit');
    rsv |= extension.rsv;
  }
  return rsv;
}
