import { Opcode } from '@ws/codec';
import { Fifo } from '../fifo.ts';
import { readBoolean } from '../options/boolean.ts';
import { type IntegerRange, readInteger } from '../options/integer.ts';
import { isPromise } from '../promise.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { copyOf, type Data, toBytes } from './data.ts';
import { checkEncoded, type Encoded, type EncodeOptions, type Extension, isBytes } from './extension.ts';
import type { Outbox } from './outbox.ts';
import { checkOptions, checkText, PreparedMessage } from './prepared.ts';
import { COPY_UP_TO } from './send-memory.ts';
import type { SendOptions } from './send-options.ts';

/** The options of a message that extensions encode. */
interface Encoding extends EncodeOptions {
  /** Others are sent the same: an extension that is like theirs has encoded it already. */
  readonly prepared: PreparedMessage | undefined;
}

/** How a sender tells its owner, a connection. */
export interface SenderEvents {
  /** A frame that had to wait for an extension has been queued. */
  encoded(): void;
}

/** A message that an extension may encode, or a frame that waits behind one. */
interface Pending {
  readonly opcode: Opcode;
  readonly payload: Uint8Array;
  readonly fin: boolean;
  readonly maskingKey: number | undefined;
  /** Undefined: not for extensions. */
  readonly encode: Encoding | undefined;
}

/** The header of the frame that is being queued: one record for all, which is not kept. */
const fields = {
  ...{ fin: true, rsv1: false, rsv2: false, rsv3: false },
  opcode: Opcode.Text as Opcode,
  maskingKey: undefined as number | undefined,
  payloadLength: 0,
};

/** Four bytes (section 5.3), as a signed integer or not. */
const MASKING_KEY: IntegerRange = { default: 0, min: -0x8000_0000, max: 0xffff_ffff };

/** The queue of all connections without extensions, so that they need none of their own. Nothing is put into it. */
const NONE = new Fifo<Pending>();

/** The shortest header of a frame. */
const MIN_HEADER_BYTES = 2;

/** A message that waits to be encoded costs this many bytes beside its own: its record, its array, its callback. */
const PENDING_OVERHEAD = 512;

/**
 * The sending half of a connection: makes frames of what is to be sent, none of which the peer could call illegal, and
 * queues them in the outbox. What comes after a message that an extension takes its time to encode waits for it, but for
 * pings and pongs.
 */
export class Sender {
  readonly #settings: ConnectionSettings;
  readonly #extensions: readonly Extension[];
  readonly #outbox: Outbox;
  readonly #events: SenderEvents;

  /** The message that is being encoded, and what is behind it: nothing where no extension is. */
  #pending: Fifo<Pending>;
  #pendingSends = 0;
  #pendingBytes = 0;

  /** The kind of the fragmented message that has begun and not ended. */
  #open: 'none' | 'text' | 'binary' = 'none';

  constructor(settings: ConnectionSettings, extensions: readonly Extension[], outbox: Outbox, events: SenderEvents) {
    this.#settings = settings;
    this.#extensions = extensions;
    this.#outbox = outbox;
    this.#events = events;
    this.#pending = extensions.length > 0 ? new Fifo() : NONE;
  }

  /** Whether nothing waits to be encoded, nor for the end of a fragmented message. */
  get atRest(): boolean {
    return this.#pending.length === 0 && !this.insideMessage;
  }

  /** How many messages, or fragments, are not frames yet. */
  get pendingSends(): number {
    return this.#pendingSends;
  }

  /** How many bytes wait to become frames, with the shortest headers. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** About how many bytes of memory what waits to become frames costs beside its own. */
  get overhead(): number {
    // The one that is being encoded is what the others wait for.
    return Math.max(0, this.#pending.length - 1) * PENDING_OVERHEAD;
  }

  /** Whether a fragmented message has begun, and its end has not been sent. */
  get insideMessage(): boolean {
    return this.#open !== 'none';
  }

  /**
   * Queues a message, or a fragment of one.
   *
   * @throws TypeError before anything is queued; see `Connection.send`
   */
  message(data: Data | PreparedMessage, options: SendOptions): void {
    if (data instanceof PreparedMessage) {
      this.#message(data, data.payload, true, data.isBinary, data.compress);
      return;
    }
    checkOptions(options);
    const fin = readBoolean(options.fin, 'fin', true);
    const compress = readBoolean(options.compress, 'compress', true);
    const payload = toBytes(data, 'data');
    const isBinary = readBoolean(options.binary, 'binary', typeof data !== 'string' && this.#open !== 'text');
    if (!isBinary && typeof data !== 'string') checkText(payload, this.#settings.isUtf8);
    this.#message(data, payload, fin, isBinary, compress);
  }

  #message(
    data: Data | PreparedMessage,
    payload: Uint8Array,
    fin: boolean,
    isBinary: boolean,
    compress: boolean,
  ): void {
    // Before anything has changed: its source may throw, or send something.
    const maskingKey = this.#nextKey();
    const kind = isBinary ? 'binary' : 'text';
    const prepared = data instanceof PreparedMessage ? data : undefined;
    if (this.#open !== 'none' && (this.#open !== kind || prepared !== undefined)) {
      throw new TypeError(`a fragmented ${this.#open} message is open: end it (fin) before another is begun`);
    }
    const opcode = this.#open !== 'none' ? Opcode.Continuation : isBinary ? Opcode.Binary : Opcode.Text;
    this.#open = fin ? 'none' : kind;
    if (this.#extensions.length === 0) {
      const mayShare = maskingKey === undefined && payload.length <= COPY_UP_TO && this.#outbox.mayShare;
      if (prepared !== undefined && mayShare) this.#outbox.addFrame(prepared.frame);
      else this.#frame(opcode, payload, fin, 0, maskingKey);
      return;
    }
    // An extension works on whole messages; one that is sent in fragments goes without.
    const whole = fin && opcode !== Opcode.Continuation;
    const encode = whole ? { isBinary, compress, prepared } : undefined;
    if (this.#pending.length > 0) {
      const mayChange = typeof data !== 'string' && prepared === undefined && payload.length <= COPY_UP_TO;
      this.#wait({ opcode, payload: mayChange ? copyOf(payload) : payload, fin, maskingKey, encode });
      return;
    }
    const message: Pending = { opcode, payload, fin, maskingKey, encode };
    if (!this.#encode(message, payload, 0, 0)) this.#wait(message);
  }

  /**
   * Queues a control frame, whose payload of at most 125 bytes is trusted.
   *
   * @throws before anything is queued, if there is no masking key for it
   */
  control(opcode: Opcode, payload: Uint8Array): void {
    const maskingKey = this.#nextKey();
    // A ping or pong may stand anywhere. A Close ends what was sent before it.
    if (opcode === Opcode.Close && this.#pending.length > 0) {
      this.#wait({ opcode, payload, fin: true, maskingKey, encode: undefined });
    } else this.#frame(opcode, payload, true, 0, maskingKey);
  }

  /** Drops what waits, and of what is queued the frames of which nothing was taken. */
  recall(): void {
    this.#dropPending();
    this.#outbox.recall();
  }

  /** Drops what is queued or waits. */
  drop(): void {
    this.#dropPending();
    this.#outbox.clear();
  }

  #dropPending(): void {
    if (this.#pending.length > 0) this.#pending = new Fifo();
    this.#pendingSends = 0;
    this.#pendingBytes = 0;
  }

  /**
   * Queues a message as the extensions, from one of them on, have it; or as it is, if it is not for them.
   *
   * @param plain what those before have made of it, and `marked` the bits that they have set
   * @returns false if one of them takes its time
   */
  #encode(message: Pending, plain: Uint8Array, from: number, marked: number): boolean {
    const { opcode, fin, maskingKey, encode } = message;
    let payload = plain;
    let rsv = marked;
    for (let i = from; encode !== undefined && i < this.#extensions.length; i++) {
      const extension = this.#extensions[i]!;
      const encoded = this.#ask(extension, payload, encode);
      if (isPromise(encoded)) {
        this.#encodeLater(message, encoded, payload, i, rsv);
        return false;
      }
      if (encoded === undefined) continue;
      payload = encoded;
      rsv |= extension.rsv;
    }
    this.#frame(opcode, payload, fin, rsv, maskingKey);
    return true;
  }

  /**
   * The answer of an extension, or a promise of it.
   *
   * @throws TypeError for what is none, and whatever the extension throws, if the caller of `send` can be told. One that
   *   fails when `send` has returned leaves the message as it is
   */
  #ask(extension: Extension, payload: Uint8Array, encode: Encoding): Encoded | PromiseLike<Encoded> {
    try {
      const encoded =
        encode.prepared === undefined
          ? extension.encode(payload, encode)
          : encode.prepared.encode(extension, payload, encode);
      if (!isPromise(encoded)) checkEncoded(encoded);
      return encoded;
    } catch (error) {
      if (this.#pending.length === 0) throw error;
      return undefined;
    }
  }

  #encodeLater(message: Pending, encoded: PromiseLike<Encoded>, payload: Uint8Array, at: number, rsv: number): void {
    const pending = this.#pending;
    // The payload may be sent as it is, and up to this length the caller may change it at once.
    const plain = payload.length <= COPY_UP_TO ? copyOf(payload) : payload;
    const goOn = (answer: unknown): void => {
      // The message may have been dropped meanwhile.
      if (this.#pending !== pending) return;
      const result = isBytes(answer) ? answer : undefined;
      const marked = result === undefined ? rsv : rsv | this.#extensions[at]!.rsv;
      if (this.#encode(message, result ?? plain, at + 1, marked)) this.#goOn();
    };
    void Promise.resolve(encoded).then(goOn, () => goOn(undefined));
  }

  #wait(pending: Pending): void {
    this.#pending.push(pending);
    if (pending.opcode !== Opcode.Close) this.#pendingSends++;
    this.#pendingBytes += pending.payload.length + MIN_HEADER_BYTES;
  }

  /** The first of what waits has become a frame: so does what is behind it, up to the next that takes its time. */
  #goOn(): void {
    let next: Pending | undefined;
    do {
      const done = this.#pending.shift()!;
      if (done.opcode !== Opcode.Close) this.#pendingSends--;
      this.#pendingBytes -= done.payload.length + MIN_HEADER_BYTES;
      next = this.#pending.first;
    } while (next !== undefined && this.#encode(next, next.payload, 0, 0));
    this.#events.encoded();
  }

  /**
   * The masking key of a client's next frame; a server has none.
   *
   * @throws TypeError or RangeError for what is none, or what its source throws
   */
  #nextKey(): number | undefined {
    const { maskingKey } = this.#settings;
    if (maskingKey === undefined) return undefined;
    const key = maskingKey();
    // A frame of a client's without a mask is illegal (section 5.1).
    if (key === undefined) throw new TypeError('maskingKey must give a number, got undefined');
    return readInteger(key, 'what maskingKey gives', MASKING_KEY);
  }

  #frame(opcode: Opcode, payload: Uint8Array, fin: boolean, rsv: number, maskingKey: number | undefined): void {
    fields.fin = fin;
    fields.rsv1 = (rsv & 0x40) !== 0;
    fields.rsv2 = (rsv & 0x20) !== 0;
    fields.rsv3 = (rsv & 0x10) !== 0;
    fields.opcode = opcode;
    fields.maskingKey = maskingKey;
    fields.payloadLength = payload.length;
    this.#outbox.add(fields, payload);
  }
}
