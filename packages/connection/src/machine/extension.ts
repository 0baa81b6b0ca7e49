import { type IntegerRange, readInteger } from '../options/integer.ts';
import { kindOf } from '../options/kind-of.ts';
import { checkMethods } from '../options/methods.ts';
import { isPromise } from '../promise.ts';

/**
 * An extension that a handshake has agreed on (RFC 6455, section 9), as a connection runs it: whole messages in, whole
 * messages out, marked by a reserved bit of their first frame.
 *
 * An extension answers at once where that is quick, or later, by a promise: the connection then waits, in the
 * direction of that message, so that the order of messages stays. Of each direction one message is in its hands at a
 * time.
 */
export interface Extension {
  /** The reserved bits that are its own, as they lie in byte 0: 0x40 is RSV1. */
  readonly rsv: number;

  /**
   * Extensions with equal `alike` encode any message identically, without context, so one may encode for both. Default:
   * never shared.
   */
  readonly alike?: string | undefined;

  /**
   * A message from the peer, whose first frame has at least one of its bits set.
   *
   * @param maxLength the limit on what comes out, in bytes; over it, the answer is 'message-too-big', and is taken for
   *   that if it is bytes
   * @returns the payload that the next extension, or the application, gets. An error, thrown or by a promise, and what
   *   is no answer at all count as 'extension-data-illegal'
   */
  decode(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | PromiseLike<Decoded>;

  /**
   * A message to the peer.
   *
   * @param payload of up to 4 KiB, `COPY_UP_TO`, it may change once this has returned; a longer one stays as it is until
   *   the answer
   * @returns the payload to send with the extension's bits set, or undefined to leave this message as it is. So does a
   *   promise that is rejected, or that gives anything else; at once, that is a TypeError of `send`
   */
  encode(payload: Uint8Array, options: EncodeOptions): Encoded | PromiseLike<Encoded>;

  /**
   * Called once when the connection is over. Nothing is left to decode or encode, or the answer is ignored.
   */
  close?(): void;
}

/** The facts of a message to the peer that an extension is told. */
export interface EncodeOptions {
  readonly isBinary: boolean;
  /** Whether the application lets the message be compressed. */
  readonly compress: boolean;
}

/** A message from the peer, decoded, or why that cannot be. */
export type Decoded = Uint8Array<ArrayBuffer> | ExtensionFailure;
/** A message to the peer, encoded; undefined: it goes as it is. */
export type Encoded = Uint8Array | undefined;

/** How a message from the peer was illegal to an extension. */
export type ExtensionFailure = 'message-too-big' | 'extension-data-illegal';

/** Decodes a message from the peer by its extensions: the last that has encoded it decodes it first. */
export function decodeWith(
  extensions: readonly Extension[],
  encoded: Uint8Array<ArrayBuffer>,
  rsv: number,
  maxLength: number,
): Decoded | Promise<Decoded> {
  let payload = encoded;
  for (let i = extensions.length - 1; i >= 0; i--) {
    const extension = extensions[i]!;
    if ((extension.rsv & rsv) === 0) continue;
    let decoded: Decoded | PromiseLike<Decoded>;
    try {
      decoded = extension.decode(payload, maxLength);
      if (isPromise(decoded)) return decodeLater(decoded, extensions.slice(0, i), rsv, maxLength);
    } catch {
      return 'extension-data-illegal';
    }
    const judged = judge(decoded, maxLength);
    if (typeof judged === 'string') return judged;
    payload = judged;
  }
  return payload;
}

/** Whether an answer is bytes, of this realm or another. */
export function isBytes(answer: unknown): answer is Uint8Array<ArrayBuffer> {
  return answer instanceof Uint8Array || Object.prototype.toString.call(answer) === '[object Uint8Array]';
}

/** @throws TypeError for what `encode` may not answer: it would leave as zeros, or break the writing of all that waits */
export function checkEncoded(encoded: unknown): void {
  if (encoded === undefined || isBytes(encoded)) return;
  throw new TypeError(
    `encode of an extension must give a Uint8Array, undefined or a promise of these, got ${kindOf(encoded)}`,
  );
}

/**
 * What an answer comes to: bytes within the limit, or the failure that it names. Anything else that is not bytes is
 * 'extension-data-illegal'.
 */
function judge(answer: Decoded, maxLength: number): Decoded {
  if (isBytes(answer)) return answer.length > maxLength ? 'message-too-big' : answer;
  return answer === 'message-too-big' ? answer : 'extension-data-illegal';
}

async function decodeLater(
  first: PromiseLike<Decoded>,
  rest: readonly Extension[],
  rsv: number,
  maxLength: number,
): Promise<Decoded> {
  try {
    const decoded = judge(await first, maxLength);
    return typeof decoded === 'string' ? decoded : await decodeWith(rest, decoded, rsv, maxLength);
  } catch {
    return 'extension-data-illegal';
  }
}

/** The three reserved bits of byte 0 are 0x10, 0x20 and 0x40 (RFC 6455, section 5.2). */
const RSV: IntegerRange = { default: 0, min: 0x10, max: 0x70 };

/**
 * Checks the extensions of a connection.
 *
 * @throws TypeError or RangeError for what are none: without a bit of its own, what one has encoded would be
 *   taken for plain
 */
export function checkExtensions(extensions: readonly Extension[]): void {
  if (!Array.isArray(extensions)) throw new TypeError(`extensions must be an array, got ${kindOf(extensions)}`);
  let rsv = 0;
  for (const extension of extensions) {
    checkMethods(extension, 'an extension', ['decode', 'encode']);
    if (typeof extension.rsv !== 'number') {
      throw new TypeError(`the rsv of an extension must be a number, got ${typeof extension.rsv}`);
    }
    readInteger(extension.rsv, 'the rsv of an extension', RSV);
    if ((rsv & extension.rsv) !== 0) throw new TypeError('two extensions use the same reserved bit');
    rsv |= extension.rsv;
  }
}

/** The reserved bits of all of them. */
export function allRsv(extensions: readonly Extension[]): number {
  return extensions.reduce((rsv, extension) => rsv | extension.rsv, 0);
}
