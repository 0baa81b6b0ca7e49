import { type Decoded, type Encoded, type EncodeOptions, type Extension, isPromise } from '@ws/connection';
import type { Settings } from './options.ts';
import type { Agreed } from './parameters.ts';
import type { Deflater, Inflater } from './zlib.ts';

/** Up to here a message may have grown by any factor: what it costs is little. */
const RATIO_FREE_BYTES = 65_536;

/** An empty message, section 7.2.3.6: the first bits of an empty block, whose rest is the tail. */
const EMPTY = Uint8Array.of(0);

/**
 * Compression of messages, RFC 7692, at one end of a connection. It holds contexts only once there is a message for
 * them, and between messages only those that are taken over.
 */
export class PermessageDeflate implements Extension {
  /** RSV1 (section 6). */
  readonly rsv = 0x40;
  readonly #settings: Settings;
  readonly #outgoing: { readonly takeover: boolean; readonly windowBits: number };
  readonly #incoming: { readonly takeover: boolean; readonly windowBits: number };
  readonly #closed: (() => void) | undefined;
  #deflater: Deflater | undefined;
  #inflater: Inflater | undefined;

  /** @param closed called when the connection is over */
  constructor(role: 'server' | 'client', agreed: Agreed, settings: Settings, closed?: () => void) {
    const server = { takeover: !agreed.serverNoContextTakeover, windowBits: agreed.serverMaxWindowBits };
    const client = { takeover: !agreed.clientNoContextTakeover, windowBits: agreed.clientMaxWindowBits };
    this.#outgoing = role === 'server' ? server : client;
    this.#incoming = role === 'server' ? client : server;
    this.#settings = settings;
    this.#closed = closed;
  }

  /** Without takeover, whoever has the same settings makes the same of a message. */
  get alike(): string | undefined {
    const { takeover, windowBits } = this.#outgoing;
    const { threshold, level, memLevel } = this.#settings;
    return takeover ? undefined : `permessage-deflate ${windowBits} ${threshold} ${level} ${memLevel}`;
  }

  decode(payload: Uint8Array<ArrayBuffer>, maxLength: number): Decoded | Promise<Decoded> {
    // With its tail that would be a block without an end, which zlib waits for in vain (row F14).
    if (payload.length === 0) return 'extension-data-illegal';
    const { zlib, maxRatio } = this.#settings;
    const limit = Math.min(maxLength, Math.max(RATIO_FREE_BYTES, payload.length * maxRatio));
    this.#inflater ??= zlib.inflater(this.#incoming);
    return this.#inflater.inflate(payload, limit);
  }

  encode(payload: Uint8Array, { compress }: EncodeOptions): Encoded | Promise<Encoded> {
    const { zlib, threshold, level, memLevel } = this.#settings;
    if (!compress || payload.length < threshold) return undefined;
    if (payload.length === 0) return EMPTY;
    try {
      this.#deflater ??= zlib.deflater({ ...this.#outgoing, level, memLevel });
      const deflated = this.#deflater.deflate(payload);
      return isPromise(deflated)
        ? this.#encodeLater(deflated, payload.length)
        : this.#orPlain(deflated, payload.length);
    } catch {
      return this.#giveUp();
    }
  }

  close(): void {
    this.#deflater?.close();
    this.#inflater?.close();
    this.#deflater = undefined;
    this.#inflater = undefined;
    this.#closed?.();
  }

  async #encodeLater(deflated: PromiseLike<Uint8Array>, plainLength: number): Promise<Encoded> {
    try {
      return this.#orPlain(await deflated, plainLength);
    } catch {
      return this.#giveUp();
    }
  }

  /** What has not become shorter goes as it is, unless later messages may refer to it. */
  #orPlain(deflated: Uint8Array, plainLength: number): Encoded {
    return this.#outgoing.takeover || deflated.length < plainLength ? deflated : undefined;
  }

  /**
   * For lack of memory, or else: this message goes as it is, and the next is tried with a new context, which refers to
   * none before.
   */
  #giveUp(): undefined {
    this.#deflater?.close();
    this.#deflater = undefined;
  }
}
