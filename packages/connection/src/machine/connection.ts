import { CloseCode, encodeClose, MAX_CONTROL_PAYLOAD, Opcode, type ProtocolError } from '@ws/codec';
import { readInteger } from '../options/integer.ts';
import { checkMethods } from '../options/methods.ts';
import { checkObject } from '../options/types.ts';
import { type ConnectionSettings, readConnectionSettings, type SharedOptions } from './connection-settings.ts';
import type { ConnectionSink } from './connection-sink.ts';
import { type Data, toBytes } from './data.ts';
import { checkExtensions, type Extension } from './extension.ts';
import { Outbox } from './outbox.ts';
import type { PreparedMessage } from './prepared.ts';
import { Receiver, type ReceiverEvents } from './receiver.ts';
import type { SendOptions } from './send-options.ts';
import { Sender, type SenderEvents } from './sender.ts';

/**
 * - `open`: messages go both ways.
 * - `closing`: our Close is on its way; what the peer still sends is delivered, and its pings are answered, until its
 *   Close. Or the peer is gone, and what it has sent is still being delivered.
 * - `closed`: both Closes have been exchanged, or one told of a violation, or the peer's stream has ended. Nothing is
 *   delivered or queued any more; what is queued should still be written.
 */
export type ConnectionState = 'open' | 'closing' | 'closed';

/** The options of a {@link Connection}. */
export interface ConnectionOptions extends SharedOptions {
  readonly sink: ConnectionSink;
  /** The extensions that the handshake has agreed on, in its order. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
}

const NOTHING = new Uint8Array(0);

const SINK = [
  'message',
  'ping',
  'pong',
  'close',
  'violation',
  'output',
  'decoded',
] as const satisfies (keyof ConnectionSink)[];

/**
 * One end of a connection after the opening handshake, without I/O: bytes of the peer go into `receive`, bytes for the
 * peer come out of `take`. It answers pings, closes as RFC 6455 section 7 says, and never queues what the
 * peer could call illegal.
 */
export class Connection {
  readonly #sink: ConnectionSink;
  readonly #extensions: readonly Extension[];
  readonly #receiver: Receiver;
  /** What the sender fills, and {@link Connection.take} empties. */
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #role: 'server' | 'client';

  #state: ConnectionState = 'open';
  #extensionsClosed = false;
  /** Nothing is queued any more. */
  #abandoned = false;

  /** @throws TypeError or RangeError if an option is of the wrong kind, or a client has no masking keys */
  constructor(options: ConnectionOptions);
  /**
   * For a driver: a connection that goes on where an earlier one was at rest, of options that were checked.
   *
   * @internal
   */
  constructor(options: Pick<ConnectionOptions, 'sink' | 'extensions'>, settings: ConnectionSettings, offset: number);
  constructor(options: ConnectionOptions, given?: ConnectionSettings, offset = 0) {
    checkObject('options', options);
    const settings = given ?? readConnectionSettings(options);
    const { sink, extensions = [] } = options;
    if (given === undefined) {
      checkMethods(sink, 'sink', SINK);
      checkExtensions(extensions);
    }
    this.#role = settings.role;
    this.#sink = sink;
    this.#extensions = extensions;
    const events = new Connection.#Events(this);
    this.#outbox = new Outbox(settings.sendMemory);
    this.#sender = new Sender(settings, extensions, this.#outbox, events);
    this.#receiver = new Receiver(settings, extensions, { sink, events, offset });
  }

  /** The receiver of what the halves tell: one object, since closures would cost an idle connection more. */
  static readonly #Events = class implements ReceiverEvents, SenderEvents {
    readonly #connection: Connection;

    constructor(connection: Connection) {
      this.#connection = connection;
    }

    ping(payload: Uint8Array<ArrayBuffer>): void {
      this.#connection.#answer(payload);
      this.#connection.#sink.ping(payload);
    }

    close(code: number | undefined, reason: string): void {
      this.#connection.#peerCloses(code, reason);
    }

    violation(error: ProtocolError): void {
      this.#connection.#fail(error);
    }

    encoded(): void {
      this.#connection.#sink.output();
      this.#connection.#closeExtensions();
    }
  };

  /** Where the connection stands between the opening handshake and its end. */
  get state(): ConnectionState {
    return this.#state;
  }

  /**
   * Whether nothing is under way in either direction, nor held: all that there is to know of the connection is its
   * {@link offset}.
   */
  get atRest(): boolean {
    return this.#state === 'open' && this.#receiver.atRest && this.#sender.atRest && this.#outbox.bytes === 0;
  }

  /** Whether the peer is to close the transport first: a client waits for its server to (RFC 6455, section 7.1.1). */
  get closeExpected(): boolean {
    return this.#state === 'closed' && this.#role === 'client';
  }

  /** How many bytes wait for `take`. */
  get queuedBytes(): number {
    return this.#outbox.bytes;
  }

  /** How many messages, or fragments, wait for an extension: the one that it is encoding, and those behind it. */
  get pendingSends(): number {
    return this.#sender.pendingSends;
  }

  /**
   * How many bytes the {@link pendingSends} have before they are encoded, with 2 each for a header, and with a Close
   * that waits behind them.
   */
  get pendingBytes(): number {
    return this.#sender.pendingBytes;
  }

  /**
   * About how many bytes of memory what waits costs beside its own: many short messages are mostly that. A bound
   * on what may wait should count it.
   */
  get overhead(): number {
    return this.#outbox.overhead + this.#sender.overhead;
  }

  /**
   * How many bytes of the peer's stream have been taken: up to the end of the frame, while it is delivered. A `receive`
   * that the sink has thrown out of goes on from there.
   */
  get offset(): number {
    return this.#receiver.offset;
  }

  /** Whether a fragmented message of ours has begun, and its end has not been sent: no other can be. */
  get insideMessage(): boolean {
    return this.#sender.insideMessage;
  }

  /** How many bytes are allocated for a message, or a frame, that is not whole yet. */
  get bufferedBytes(): number {
    return this.#receiver.bufferedBytes;
  }

  /** Whether reading has stopped because the answers to pings are not being taken. */
  get heldForPongs(): boolean {
    return this.#receiver.heldForPongs;
  }

  /**
   * Whether an extension has a message of the peer in its hands: 'decoding', or 'decoded' from `sink.decoded()` until
   * `receive` has delivered it. Until then nothing else is taken.
   */
  get decoding(): 'no' | 'decoding' | 'decoded' {
    return this.#receiver.decoding;
  }

  /**
   * Takes bytes of the peer and delivers what they complete.
   *
   * @param chunk read during the call only; neither written nor kept, unless `platform.givesChunks` says so
   * @param at where in the chunk to start
   * @returns how many bytes were taken. Fewer than there are after `hold`, while too many pongs wait for `take`, or
   *   while an extension decodes: keep the rest, stop reading the transport, and go on after `release`, `take` or
   *   `sink.decoded()`
   * @throws TypeError or RangeError for what is no chunk or no place in it; TypeError from inside a delivery, or if the
   *   sink has taken the chunk's buffer away before its end; and whatever the sink throws
   */
  receive(chunk: Uint8Array, at = 0): number {
    return this.#receiver.receive(chunk, at);
  }

  /**
   * The peer's stream has ended. If that was in the middle of a frame or a message, it is a violation; nothing is sent
   * any more. A message that is still being decoded is dropped: to have it, wait for it with the end as with the
   * bytes.
   *
   * @throws TypeError from inside a delivery; and whatever the sink throws
   */
  receiveEnd(): void {
    if (this.#state === 'closed') return;
    this.#receiver.end();
    this.#end();
  }

  /**
   * Drops what is queued or being encoded, but for the rest of a frame whose start was taken: what is sent then goes
   * out next. Let that be a `close`, which may stand between the fragments of a message (RFC 6455, section 5.5.1):
   * whole messages are missing. Does nothing if the connection is not open.
   */
  recall(): void {
    if (this.#state !== 'open') return;
    const before = this.#outbox.bytes;
    this.#sender.recall();
    // No pong is left.
    this.#receiver.outputTaken(before);
  }

  /**
   * The peer is gone, and what it has sent has not all been received: drops what is queued or being encoded, and queues
   * nothing any more, as after a Close of ours; deliveries go on.
   */
  abandon(): void {
    if (this.#state === 'open') this.#state = 'closing';
    this.#abandoned = true;
    const before = this.#outbox.bytes;
    this.#sender.drop();
    // Nobody waits for the pongs.
    this.#receiver.outputTaken(before);
  }

  /** The transport is gone: drops what is queued, being encoded or decoded, and closes the extensions. Nothing follows. */
  drop(): void {
    this.#sender.drop();
    this.#end();
  }

  /** Stops deliveries after the one that runs now. Each `hold` needs its own `release`. */
  hold(): void {
    this.#receiver.hold();
  }

  /**
   * Takes one `hold` back. Delivers nothing by itself: `receive` what was not taken.
   *
   * @throws TypeError without a `hold` before it
   */
  release(): void {
    this.#receiver.release();
  }

  /**
   * Takes the bytes that are to be written, in order; they are not to be changed. Those of a payload over 4 KiB (or the
   * `copyUpTo` of its {@link SendMemory}) that a server sends are the sender's own, and those of a prepared message may
   * be what others send as well.
   *
   * @param maxBytes at most this many of them: the rest stays here. Default: all
   * @throws TypeError or RangeError if it is not a number of bytes
   */
  take(maxBytes?: number | undefined): Uint8Array[] {
    const most = readInteger(maxBytes, 'maxBytes', { default: Number.MAX_SAFE_INTEGER });
    const before = this.#outbox.bytes;
    const chunks = this.#outbox.take(most);
    this.#receiver.outputTaken(before - this.#outbox.bytes);
    return chunks;
  }

  /**
   * The bytes that `take` returned last have been copied where they were written: our memory for them may be used
   * again.
   */
  giveBack(): void {
    this.#outbox.giveBack();
  }

  /**
   * What waits is to be kept in memory of its own, which costs a copy, once others have filled a slab of the
   * `sendMemory` meanwhile. To be called each time that something was queued while a write is under way: else each slab
   * in which a frame waits would be kept as a whole.
   */
  unshare(): void {
    this.#outbox.unshare();
  }

  /**
   * Queues a message, or a fragment of one.
   *
   * @param data a string is sent as text, with U+FFFD for a lone surrogate; anything else as binary. Bytes up to 4 KiB
   *   are copied at once; more must not change until they have been written. What was prepared has its own options
   * @throws TypeError if the connection is not open; if the data is of the wrong kind, or is bytes sent as text that
   *   are not whole characters of UTF-8; if the options are no object, or one of them no boolean; or if a fragmented
   *   message is open and this is of another kind: it would be a second one
   */
  send(data: Data | PreparedMessage, options: SendOptions = {}): void {
    if (this.#state !== 'open') throw new TypeError(`the connection is ${this.#state}: nothing can be sent`);
    this.#sender.message(data, options);
    this.#sink.output();
  }

  /**
   * Queues a ping.
   *
   * @param data at most 125 bytes. Default: none
   * @throws TypeError if the connection is not open or the data of the wrong kind; RangeError if it is too long
   */
  ping(data: Data = NOTHING): void {
    this.#sendControl(Opcode.Ping, data);
  }

  /** Queues an unsolicited pong (RFC 6455, section 5.5.3). As {@link ping}. */
  pong(data: Data = NOTHING): void {
    this.#sendControl(Opcode.Pong, data);
  }

  /**
   * Queues a Close, after which we send nothing but pongs. Does nothing if the connection is not open.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. Default: none
   * @param reason at most 123 bytes of UTF-8
   * @throws TypeError or RangeError for a code or reason that may not be sent
   */
  close(code?: number | undefined, reason?: string | undefined): void {
    const payload = encodeClose(code, reason);
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    try {
      this.#sender.control(Opcode.Close, payload);
    } catch (error) {
      // The masking key comes from outside: without one nothing has changed.
      if (this.#state === 'closing') this.#state = 'open';
      throw error;
    }
    this.#sink.output();
  }

  #answer(ping: Uint8Array): void {
    if (this.#abandoned) return;
    this.#sender.control(Opcode.Pong, ping);
    this.#receiver.answered(ping.length + 2, this.#outbox.bytes);
    this.#sink.output();
  }

  #peerCloses(code: number | undefined, reason: string): void {
    const first = this.#state === 'open';
    this.#end();
    // Section 5.5.1: the answer has the code that was received; there is no reason to repeat the reason.
    if (first) this.#control(Opcode.Close, encodeClose(code));
    this.#sink.close(code, reason);
  }

  /**
   * Section 7.1.7: one Close with the code of the violation, unless one was sent or the stream has ended; then nothing.
   */
  #fail(error: ProtocolError): void {
    const open = this.#state === 'open';
    this.#end();
    if (open && error.closeCode !== CloseCode.Abnormal) this.#control(Opcode.Close, encodeClose(error.closeCode));
    this.#sink.violation(error);
  }

  /** Nothing is delivered any more. */
  #end(): void {
    this.#state = 'closed';
    this.#receiver.stop();
    this.#closeExtensions();
  }

  #closeExtensions(): void {
    if (this.#extensionsClosed || this.#state !== 'closed' || this.#sender.pendingSends > 0) return;
    this.#extensionsClosed = true;
    for (const extension of this.#extensions) extension.close?.();
  }

  #sendControl(opcode: Opcode, data: Data): void {
    const payload = toBytes(data, 'the payload of a control frame');
    if (payload.length > MAX_CONTROL_PAYLOAD) {
      throw new RangeError(
        `a control frame has at most ${MAX_CONTROL_PAYLOAD} bytes of payload, got ${payload.length}`,
      );
    }
    if (this.#state !== 'open') throw new TypeError(`the connection is ${this.#state}: nothing can be sent`);
    this.#control(opcode, payload);
  }

  #control(opcode: Opcode, payload: Uint8Array): void {
    this.#sender.control(opcode, payload);
    this.#sink.output();
  }
}
