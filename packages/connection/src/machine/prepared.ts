import { encodeFrame, Opcode, Utf8Validator } from '@ws/codec';
import { readBoolean } from '../options/boolean.ts';
import { kindOf } from '../options/kind-of.ts';
import { type Data, toBytes } from './data.ts';
import type { Encoded, EncodeOptions, Extension } from './extension.ts';

/** How a message is prepared. */
export interface PrepareOptions {
  /** Whether the message is binary. Default: false for a string, true for bytes. */
  readonly binary?: boolean | undefined;
  /** Whether an extension may compress it. Default: true. */
  readonly compress?: boolean | undefined;
}

/**
 * A message for many receivers: made into bytes once, and compressed once for all whose compression was agreed on
 * alike. With takeover, what a connection sends refers to what it has sent, so each compresses for itself. Servers'
 * connections without compression share one frame of what has up to 4 KiB.
 */
export class PreparedMessage {
  /** Not to be changed. */
  readonly payload: Uint8Array;
  readonly isBinary: boolean;
  readonly compress: boolean;
  readonly #encoded = new Map<string, Encoded | PromiseLike<Encoded>>();
  #frame: Uint8Array | undefined;

  /**
   * @param data copied: it may change once this has returned
   * @param isUtf8 what the runtime lends, to check bytes that are to be sent as text
   * @throws TypeError for data that cannot be sent, or an option that is no boolean; see `Connection.send`
   */
  constructor(data: Data, options: PrepareOptions = {}, isUtf8: (bytes: Uint8Array) => boolean = isWholeText) {
    checkOptions(options);
    const bytes = toBytes(data, 'data');
    const binary = readBoolean(options.binary, 'binary', typeof data !== 'string');
    if (!binary && typeof data !== 'string') checkText(bytes, isUtf8);
    this.payload = typeof data === 'string' ? bytes : new Uint8Array(bytes);
    this.isBinary = binary;
    this.compress = readBoolean(options.compress, 'compress', true);
  }

  /** The frame in which a server sends it as it is. Made when it is first asked for, and not to be changed. */
  get frame(): Uint8Array {
    this.#frame ??= encodeFrame({ opcode: this.isBinary ? Opcode.Binary : Opcode.Text, payload: this.payload });
    return this.#frame;
  }

  /** Encodes the payload by an extension, once for all that are alike. */
  encode(extension: Extension, payload: Uint8Array, options: EncodeOptions): Encoded | PromiseLike<Encoded> {
    const { alike } = extension;
    if (alike === undefined || payload !== this.payload) return extension.encode(payload, options);
    if (!this.#encoded.has(alike)) this.#encoded.set(alike, extension.encode(payload, options));
    return this.#encoded.get(alike);
  }
}

/** @throws TypeError for what are no options */
export function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw new TypeError(`options must be an object, such as { binary: true }, got ${kindOf(options)}`);
}

/** @throws TypeError for bytes that cannot be sent as text */
export function checkText(payload: Uint8Array, isUtf8: (bytes: Uint8Array) => boolean): void {
  if (isUtf8(payload)) return;
  throw new TypeError('the data is not UTF-8, or cuts a character, so it cannot be sent as text: send it as binary');
}

/** Whether bytes are UTF-8, and do not end within a character. */
export function isWholeText(payload: Uint8Array): boolean {
  return new Utf8Validator().pushLast(payload) === -1;
}
