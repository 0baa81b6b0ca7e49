import {
  DEFAULT_MAX_MESSAGE_PAYLOAD,
  MessageDecoder,
  type MessageSink,
  Opcode,
  ProtocolError,
  type ViolationName,
} from '@ws/codec';
import { readInteger } from '../options/integer.ts';
import { kindOf } from '../options/kind-of.ts';
import { isPromise } from '../promise.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { ConnectionSink } from './connection-sink.ts';
import { allRsv, type Decoded, decodeWith, type Extension } from './extension.ts';
import { WaitingPongs } from './waiting-pongs.ts';

/** How a receiver tells its owner, a connection, of what has to be answered. */
export interface ReceiverEvents {
  ping(payload: Uint8Array<ArrayBuffer>): void;
  close(code: number | undefined, reason: string): void;
  violation(error: ProtocolError): void;
}

/** Pongs that wait to be written, in bytes; with more, reading stops until they are (row M4). */
const MAX_PONG_BYTES = 16_384;

/**
 * A pong counts this much more than its bytes: so 250 short pings are answered at once, and a flood of them leaves
 * others their turn.
 */
const PONG_OVERHEAD = 64;

/** A message that an extension is decoding, or has decoded. */
interface Decoding {
  readonly opcode: 1 | 2;
  /** Where in the stream it ended. */
  readonly at: number;
  result: Decoded | undefined;
}

/**
 * The receiving half of a connection: bytes of the peer go in, and messages as the extensions have them go to the sink.
 * It takes nothing while it is held, while too many pongs wait to be written, or while an extension decodes.
 */
export class Receiver implements MessageSink {
  readonly #sink: ConnectionSink;
  readonly #events: ReceiverEvents;
  readonly #extensions: readonly Extension[];
  readonly #settings: ConnectionSettings;
  readonly #decoder: MessageDecoder;
  /** Where in the peer's stream the decoder begins. */
  readonly #start: number;

  /** Nothing is delivered any more. */
  #stopped = false;
  #holds = 0;
  /** Made at the first ping. */
  #pongs: WaitingPongs | undefined;
  #heldForPongs = false;
  /** A message that was decoded later is being delivered: the decoder does not know of it. */
  #delivering = false;
  /** The message in the hands of an extension: the decoder is held until it is delivered. */
  #decoding: Decoding | undefined;

  /** @param owner its `offset` is how much of the peer's stream has been received before */
  constructor(
    settings: ConnectionSettings,
    extensions: readonly Extension[],
    owner: { readonly sink: ConnectionSink; readonly events: ReceiverEvents; readonly offset: number },
  ) {
    const { role, limits, platform } = settings;
    this.#settings = settings;
    this.#extensions = extensions;
    this.#sink = owner.sink;
    this.#events = owner.events;
    this.#start = owner.offset;
    this.#decoder = new MessageDecoder({ role, allowedRsv: allRsv(extensions) }, limits, this, platform);
  }

  /** How many bytes of the peer's stream have been taken. */
  get offset(): number {
    return this.#start + this.#decoder.offset;
  }

  /** Whether nothing of a message has come that was not delivered, and nothing is held. */
  get atRest(): boolean {
    return this.#holds === 0 && this.#decoding === undefined && this.#decoder.atRest;
  }

  /** How many bytes are allocated for a message, or a frame, that is not whole yet. */
  get bufferedBytes(): number {
    return this.#decoder.bufferedBytes;
  }

  /** Whether reading has stopped because the answers to pings are not being taken. */
  get heldForPongs(): boolean {
    return this.#heldForPongs;
  }

  /** Whether an extension has a message in its hands, or has decoded it and it waits for delivery. */
  get decoding(): 'no' | 'decoding' | 'decoded' {
    if (this.#decoding === undefined) return 'no';
    return this.#decoding.result === undefined ? 'decoding' : 'decoded';
  }

  /** Takes bytes of the peer and delivers what they complete; see `Connection.receive`. */
  receive(chunk: Uint8Array, at: number): number {
    this.#checkReturned('receive');
    // The decoder looks at them as well, but not before that delivery, nor after the end.
    if (this.#decoding !== undefined || this.#stopped) checkPlace(chunk, at);
    if (this.#decoding !== undefined) this.#deliverDecoded(this.#decoding);
    if (this.#stopped) return chunk.length - at;
    return this.#decoder.push(chunk, at);
  }

  /** The peer's stream has ended: in the middle of a frame or a message, that is a violation. */
  end(): void {
    this.#checkReturned('receiveEnd');
    this.#decoder.end();
  }

  #checkReturned(call: string): void {
    if (!this.#delivering) return;
    throw new TypeError(
      `${call}() inside a delivery of the same connection: call it again when receive() has returned`,
    );
  }

  /** Delivers nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.dropDecoding();
  }

  /** Drops the message that an extension is decoding, or has decoded. */
  dropDecoding(): void {
    this.#decoding = undefined;
  }

  hold(): void {
    this.#holds++;
    this.#decoder.hold();
  }

  release(): void {
    // The decoder cannot tell the caller's holds from the one for pongs.
    if (this.#holds === 0) throw new TypeError('release() without a hold() before it');
    this.#holds--;
    this.#decoder.release();
  }

  /** The answer to a ping was queued: `queuedBytes` wait now, of whatever kind. */
  answered(pongBytes: number, queuedBytes: number): void {
    this.#pongs ??= new WaitingPongs();
    this.#pongs.add(pongBytes + PONG_OVERHEAD, queuedBytes);
    if (this.#pongs.bytes <= MAX_PONG_BYTES || this.#heldForPongs) return;
    this.#heldForPongs = true;
    this.#decoder.hold();
  }

  /** This many bytes were taken from the front of what is queued. */
  outputTaken(bytes: number): void {
    if (this.#pongs === undefined) return;
    this.#pongs.taken(bytes);
    if (!this.#heldForPongs || this.#pongs.bytes > 0) return;
    this.#heldForPongs = false;
    this.#decoder.release();
  }

  // From the decoder, which does not know when an extension that failed has closed the connection.

  message(payload: Uint8Array<ArrayBuffer>, opcode: 1 | 2, rsv: number): void {
    if (this.#stopped) return;
    if (rsv !== 0) this.#decode(payload, opcode, rsv);
    else this.#sink.message(payload, opcode === Opcode.Binary);
  }

  ping(payload: Uint8Array<ArrayBuffer>): void {
    if (!this.#stopped) this.#events.ping(payload);
  }

  pong(payload: Uint8Array<ArrayBuffer>): void {
    if (!this.#stopped) this.#sink.pong(payload);
  }

  close(code: number | undefined, reason: string): void {
    if (!this.#stopped) this.#events.close(code, reason);
  }

  violation(error: ProtocolError): void {
    if (this.#stopped) return;
    const { violation, offset } = error;
    this.#events.violation(this.#start === 0 ? error : new ProtocolError(violation, this.#start + offset));
  }

  // Extensions.

  #decode(payload: Uint8Array<ArrayBuffer>, opcode: 1 | 2, rsv: number): void {
    const at = this.offset - 1;
    const { maxMessagePayload = DEFAULT_MAX_MESSAGE_PAYLOAD } = this.#settings.limits;
    const decoded = decodeWith(this.#extensions, payload, rsv, maxMessagePayload);
    if (!isPromise(decoded)) {
      this.#deliver(decoded, opcode, at);
      return;
    }
    const decoding: Decoding = { opcode, at, result: undefined };
    this.#decoding = decoding;
    this.#decoder.hold();
    void decoded.then((result) => {
      // The connection may have ended meanwhile.
      if (this.#decoding !== decoding) return;
      decoding.result = result;
      this.#sink.decoded();
    });
  }

  #deliverDecoded({ result, opcode, at }: Decoding): void {
    if (result === undefined || this.#holds > 0 || this.#heldForPongs) return;
    this.#decoding = undefined;
    this.#decoder.release();
    this.#delivering = true;
    try {
      this.#deliver(result, opcode, at);
    } finally {
      this.#delivering = false;
    }
  }

  #deliver(decoded: Decoded, opcode: 1 | 2, at: number): void {
    let violation: ViolationName | undefined;
    if (typeof decoded === 'string') violation = decoded;
    else if (opcode === Opcode.Text && !this.#settings.isUtf8(decoded)) violation = 'text-not-utf8';
    else this.#sink.message(decoded, opcode === Opcode.Binary);
    if (violation !== undefined) this.#events.violation(new ProtocolError(violation, at));
  }
}

/** @throws TypeError or RangeError for what is no chunk, or no place in it */
function checkPlace(chunk: unknown, at: number): void {
  if (Object.prototype.toString.call(chunk) !== '[object Uint8Array]') {
    throw new TypeError(`chunk must be a Uint8Array, got ${kindOf(chunk)}`);
  }
  readInteger(at, 'at', { default: 0, max: (chunk as Uint8Array).length });
}
