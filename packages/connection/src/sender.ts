import { Opcode } from '@ws/codec';
import { type Data, toBytes } from './data.ts';
import type { Extension } from './extension.ts';
import { Outbox } from './outbox.ts';
import type { SendMemory } from './send-memory.ts';

/** How a message is sent. */
export interface SendOptions {
  /** Whether this ends the message; if not, the next `send` continues it. Default: true. */
  readonly fin?: boolean | undefined;
  /** Whether the message is binary. Default: false for a string; for bytes true, unless they continue a text message. */
  readonly binary?: boolean | undefined;
  /** Whether an extension may compress it. Default: true. */
  readonly compress?: boolean | undefined;
}

/** The sending half of a connection: makes frames of what is to be sent, none of which the peer could call illegal, and queues them. */
export class Sender {
  readonly #outbox: Outbox;
  readonly #maskingKey: (() => number) | undefined;
  readonly #extensions: readonly Extension[];
  readonly #isUtf8: (bytes: Uint8Array) => boolean;

  /** The kind of the message that a fragment has begun, and none has ended. */
  #open: 'none' | 'text' | 'binary' = 'none';

  constructor(options: {
    readonly maskingKey: (() => number) | undefined;
    readonly extensions: readonly Extension[];
    readonly isUtf8: (bytes: Uint8Array) => boolean;
    readonly memory: SendMemory;
  }) {
    this.#outbox = new Outbox(options.memory);
    this.#maskingKey = options.maskingKey;
    this.#extensions = options.extensions;
    this.#isUtf8 = options.isUtf8;
  }

  /** How many bytes wait for {@link take}. */
  get queuedBytes(): number {
    return this.#outbox.bytes;
  }

  /** Takes what is to be written, at most so many bytes of it. */
  take(maxBytes: number): Uint8Array[] {
    return this.#outbox.take(maxBytes);
  }

  /**
   * Queues a message, or a fragment of one.
   *
   * @throws TypeError before anything is queued; see `Connection.send`
   */
  message(data: Data, { fin = true, binary, compress = true }: SendOptions): void {
    const payload = toBytes(data, 'data');
    const isBinary = binary ?? (typeof data !== 'string' && this.#open !== 'text');
    const kind = isBinary ? 'binary' : 'text';
    if (this.#open !== 'none' && this.#open !== kind) {
      throw new TypeError(`a fragmented ${this.#open} message is open: end it (fin) before another is begun`);
    }
    if (kind === 'text' && typeof data !== 'string' && !this.#isUtf8(payload)) {
      throw new TypeError(
        'the data is not UTF-8, or cuts a character, so it cannot be sent as text: send it as binary',
      );
    }
    const opcode = this.#open !== 'none' ? Opcode.Continuation : isBinary ? Opcode.Binary : Opcode.Text;
    this.#open = fin ? 'none' : kind;
    // An extension works on whole messages; one that is sent in fragments goes without.
    if (fin && opcode !== Opcode.Continuation && this.#extensions.length > 0) {
      this.#encoded(opcode, payload, isBinary, compress);
    } else this.#frame(opcode, payload, fin, 0);
  }

  /** Queues a control frame, whose payload of at most 125 bytes is trusted. */
  control(opcode: Opcode, payload: Uint8Array): void {
    this.#frame(opcode, payload, true, 0);
  }

  #encoded(opcode: Opcode, plain: Uint8Array, isBinary: boolean, compress: boolean): void {
    let payload = plain;
    let rsv = 0;
    for (const extension of this.#extensions) {
      const encoded = extension.encode(payload, { isBinary, compress });
      if (encoded === undefined) continue;
      payload = encoded;
      rsv |= extension.rsv;
    }
    this.#frame(opcode, payload, true, rsv);
  }

  #frame(opcode: Opcode, payload: Uint8Array, fin: boolean, rsv: number): void {
    this.#outbox.add(
      {
        fin,
        rsv1: (rsv & 0x40) !== 0,
        rsv2: (rsv & 0x20) !== 0,
        rsv3: (rsv & 0x10) !== 0,
        opcode,
        maskingKey: this.#maskingKey?.(),
        payloadLength: payload.length,
      },
      payload,
    );
  }
}
