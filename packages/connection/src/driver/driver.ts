import { CloseCode, type ProtocolError } from '@ws/codec';
import { Connection } from '../machine/connection.ts';
import type { ConnectionSink } from '../machine/connection-sink.ts';
import type { Data } from '../machine/data.ts';
import { checkExtensions, type Extension } from '../machine/extension.ts';
import type { PreparedMessage } from '../machine/prepared.ts';
import type { SendOptions } from '../machine/send-options.ts';
import { kindOf } from '../options/kind-of.ts';
import { checkMethods } from '../options/methods.ts';
import { checkObject } from '../options/types.ts';
import type { DriverHandler, DriverOptions, DriverParts } from './driver-options.ts';
import { DriverSettings } from './driver-settings.ts';
import { Ending } from './ending.ts';
import type { Pulse } from './heartbeat.ts';
import { NotSentError } from './not-sent-error.ts';
import { PauseReason, Reader, type ReaderEvents } from './reader.ts';
import type { SendCallback } from './send-callbacks.ts';
import type { Transport } from './transport.ts';
import { Writer, type WriterEvents } from './writer.ts';

/** Checked when the driver is made, so that a missing method fails there and not at the first event. */
const TRANSPORT = ['write', 'end', 'destroy', 'pause', 'resume'] as const satisfies (keyof Transport)[];
const HANDLER = ['message', 'ping', 'pong', 'drain', 'close', 'thrown'] as const satisfies (keyof DriverHandler)[];

/** What a driver has that is not at rest. */
interface Active {
  readonly connection: Connection;
  readonly reader: Reader;
  readonly writer: Writer;
}

/** The extensions of all connections that have none. */
const NONE: readonly Extension[] = [];

/**
 * Joins a {@link Connection} to a {@link Transport} and a clock. What is queued in one turn of the event loop leaves
 * in one write; one write is under way at a time, and what comes after it waits here.
 *
 * Most connections of a server are at rest most of the time. Of such a one there is no more to know than how many bytes
 * it has received: the connection and all around it is made when something comes or is sent, and let go of when a peer
 * that was silent for so long that it was pinged has answered.
 */
export class Driver {
  readonly #settings: DriverSettings;
  readonly #transport: Transport;
  readonly #handler: DriverHandler;
  readonly #extensions: readonly Extension[];
  #active: Active | undefined;
  /** How many bytes had been received when the connection last went to rest. */
  #offset = 0;
  /** Made when the connection begins to end. */
  #ending: Ending | undefined;
  #needsDrain = false;

  /** Whether a handler has thrown: the application hears no more of the peer. */
  #deaf = false;
  readonly #pulse: Pulse | undefined;

  /** @throws TypeError or RangeError if an option is of the wrong kind */
  constructor(options: DriverOptions);
  /** @param settings what it has in common with others */
  constructor(parts: DriverParts, settings: DriverSettings);
  constructor(
    options: DriverParts | DriverOptions,
    settings: DriverSettings = new DriverSettings(options as DriverOptions),
  ) {
    checkObject('options', options);
    if (!(settings instanceof DriverSettings))
      throw new TypeError(`settings must be DriverSettings, got ${kindOf(settings)}`);
    const { transport, handler, extensions = NONE } = options;
    checkMethods(transport, 'transport', TRANSPORT);
    checkMethods(handler, 'handler', HANDLER);
    checkExtensions(extensions);
    this.#settings = settings;
    this.#transport = transport;
    this.#handler = handler;
    this.#extensions = extensions.length > 0 ? [...extensions] : NONE;
    this.#pulse = settings.heartbeat?.join(this);
  }

  /** What is needed where something goes on. */
  get #awake(): Active {
    this.#active ??= this.#wake();
    return this.#active;
  }

  #wake(): Active {
    const { connection: settings, limits, clock } = this.#settings;
    const events = new Driver.#Events(this);
    const connection = new Connection({ sink: events, extensions: this.#extensions }, settings, this.#offset);
    const reader = new Reader(connection, this.#transport, clock, limits.closeTimeout, events);
    return { connection, reader, writer: new Writer(connection, this.#transport, clock, events) };
  }

  /**
   * Lets go of what a connection at rest does not need.
   *
   * @internal
   */
  rest(): void {
    const active = this.#active;
    if (active === undefined) return;
    const { connection, reader, writer } = active;
    if (!connection.atRest || !reader.atRest || !writer.atRest) return;
    this.#offset = connection.offset;
    this.#active = undefined;
  }

  /**
   * The receiver of what the parts tell: one object, since a closure for each event would cost an idle connection a
   * kilobyte.
   */
  static readonly #Events = class implements ConnectionSink, ReaderEvents, WriterEvents {
    readonly #driver: Driver;

    constructor(driver: Driver) {
      this.#driver = driver;
    }

    message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
      this.#driver.#message(payload, isBinary);
    }

    ping(payload: Uint8Array<ArrayBuffer>): void {
      this.#driver.call(() => this.#driver.#handler.ping(payload));
    }

    pong(payload: Uint8Array<ArrayBuffer>): void {
      if (this.#driver.#pulse?.answeredBy(payload)) return;
      this.#driver.call(() => this.#driver.#handler.pong(payload));
    }

    close(code: number | undefined, reason: string): void {
      this.#driver.#ensureEnding().peerCloses(code, reason);
    }

    violation(error: ProtocolError): void {
      this.#driver.#ensureEnding().failed(error);
    }

    output(): void {
      this.#driver.#awake.writer.queued();
      this.#driver.#ending?.queued();
    }

    decoded(): void {
      this.#driver.#awake.reader.goOn();
    }

    peerEnded(): void {
      this.#driver.#ensureEnding().peerEnded();
    }

    pongsUnread(ms: number): void {
      this.#driver.terminate(new Error(`the peer sends pings and has not read the answers for ${ms} ms`));
    }

    taken(): void {
      this.#driver.#awake.reader.outputTaken();
    }

    writeFailed(error: unknown): void {
      this.#driver.terminate(
        error instanceof Error ? error : new Error('the transport cannot write', { cause: error }),
      );
    }

    idle(): void {
      this.#driver.#idle();
    }

    settled(callbacks: readonly SendCallback[], error: Error | undefined): void {
      for (const callback of callbacks) {
        this.#driver.call(() => (error === undefined ? callback() : callback(error)), true);
      }
    }
  };

  /** The {@link Connection.state}, or `closed` once the transport has been destroyed. */
  get state(): 'open' | 'closing' | 'closed' {
    if (this.#ending?.destroyed === true) return 'closed';
    return this.#active?.connection.state ?? 'open';
  }

  /** How many bytes were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#active?.writer.bufferedAmount ?? 0;
  }

  /** Whether as many bytes wait as `maxBufferedAmount` says: what is sent now is treated as `overflow` says. */
  get overfull(): boolean {
    return this.#waitingBytes >= this.#settings.limits.maxBufferedAmount;
  }

  /** Whether a fragmented message of ours has begun, and its end has not been sent: no other can be. */
  get insideMessage(): boolean {
    return this.#active?.connection.insideMessage === true;
  }

  /** Whether the transport is gone, and the end has been told: nothing follows. */
  get gone(): boolean {
    return this.#ending?.gone === true;
  }

  /**
   * Whether what has come and nobody takes yet should be kept. Once this end closes it would stand before the peer's
   * Close.
   */
  get keepsUntaken(): boolean {
    return this.state === 'open' || (this.#ending?.emptying === true && !this.#ending.leaving);
  }

  /**
   * Whether a silence of the peer's can be judged: the transport is read, or has stopped only until the peer reads.
   */
  get judgeable(): boolean {
    return this.#active?.reader.judgeable ?? true;
  }

  /** Whether reading has stopped because the peer has sent more than its rate. */
  get throttled(): boolean {
    return this.#active?.reader.throttled === true;
  }

  /** Whether a message of the peer's has begun to come, and is not whole. */
  get receivingMessage(): boolean {
    return (this.#active?.connection.bufferedBytes ?? 0) > 0;
  }

  /** Whether a write is under way. */
  get writing(): boolean {
    return this.#active?.writer.writing === true;
  }

  /** How many bytes of the write under way have not left this process, as far as the transport can tell; or 0. */
  get unwritten(): number {
    return this.#transport.unwritten?.() ?? 0;
  }

  // From the transport.

  /**
   * The transport has read bytes.
   *
   * @param chunk read during the call only; neither written nor kept, unless `platform.givesChunks` says so
   */
  received(chunk: Uint8Array): void {
    const pulse = this.#pulse;
    const pinged = pulse?.pinged === true;
    if (pulse !== undefined) pulse.heard = true;
    this.#awake.reader.received(chunk);
    // A peer that had to be asked has nothing to say.
    if (pinged && !pulse!.pinged) this.rest();
  }

  /** The transport has read the peer's end of stream. */
  receivedEnd(): void {
    this.#awake.reader.receivedEnd();
  }

  /** The write that `transport.write` did not finish at once is done. */
  written(): void {
    if (this.#isLost) return;
    const { reader, writer } = this.#awake;
    reader.outputWritten();
    writer.done();
    this.#ending?.written();
    // If more waits, it is the rest of a message, or a later one.
    this.#pulse?.written(this.bufferedAmount > 0);
  }

  /**
   * The transport is gone: both halves have ended, or it was destroyed, or it failed. None of its methods is called any
   * more. What it has read and has not been delivered comes first, and then the end, as long as the application takes
   * some of it each `closeReplyTimeout`.
   */
  lost(error?: Error | undefined): void {
    if (this.#isLost) return;
    if (this.#pulse !== undefined) this.#settings.heartbeat?.leave(this.#pulse);
    const ending = this.#ensureEnding();
    ending.lost(error);
    if (!this.gone) this.call(() => this.#handler.lost?.(ending.cause));
  }

  // From the application.

  /**
   * Queues a message or a fragment of one; see `Connection.send`.
   *
   * @param callback called once the bytes have been written, never before `send` returns
   * @returns false if the caller should wait for the drain; also if the connection is not open, which the callback is
   *   told
   * @throws TypeError for data that cannot be sent; what is refused is not looked at
   */
  send(data: Data | PreparedMessage, options: SendOptions = {}, callback?: SendCallback | undefined): boolean {
    if (this.#pulse !== undefined) this.#pulse.moved = true;
    // Null is refused where the options are read.
    const isPart = options?.fin === false || this.insideMessage;
    return this.#submit((connection) => connection.send(data, options), callback, isPart);
  }

  /** Queues a ping of at most 125 bytes. As {@link send}; RangeError if it is longer. */
  ping(data?: Data | undefined, callback?: SendCallback | undefined): boolean {
    return this.#submit((connection) => connection.ping(data), callback);
  }

  /** Queues an unsolicited pong of at most 125 bytes. As {@link send}; RangeError if it is longer. */
  pong(data?: Data | undefined, callback?: SendCallback | undefined): boolean {
    return this.#submit((connection) => connection.pong(data), callback);
  }

  /**
   * For a {@link Heartbeat}: queues a ping of its own.
   *
   * @internal
   */
  beat(payload: Uint8Array): void {
    this.#awake.connection.ping(payload);
  }

  /** Starts the closing handshake; see `Connection.close`. Once the transport is lost, nobody is waited for any more. */
  close(code?: number | undefined, reason?: string | undefined): void {
    const { connection, reader } = this.#awake;
    const { state } = connection;
    connection.close(code, reason);
    if (state !== 'open' && this.#ending?.emptying !== true) return;
    this.#ensureEnding().begun();
    // The peer's Close stands behind what is held back.
    reader.resume(PauseReason.Rate);
  }

  /**
   * Ends the connection at once: nothing is delivered any more, what the transport does not take at once is not
   * written, and the end is told soon.
   */
  terminate(cause?: Error | undefined): void {
    this.#ensureEnding().terminate(cause);
  }

  /**
   * Stops deliveries, after the one that runs now, and reading. Pings are not answered meanwhile. Each reason is for
   * itself.
   */
  pause(reason: PauseReason = PauseReason.Application): void {
    this.#awake.reader.pause(reason);
  }

  /** Goes on, soon, once no reason for a {@link pause} is left. */
  resume(reason: PauseReason = PauseReason.Application): void {
    this.#active?.reader.resume(reason);
  }

  /** The application has taken a message out of a queue of the adapter's: after a loss, it gets time for the rest anew. */
  taken(): void {
    this.#ending?.taken();
  }

  /**
   * Calls the application as its handlers are called: if it throws, the connection closes with 1011, and the
   * application hears no more of the peer, but for what it `must` hear.
   */
  call(application: () => void, must = false): void {
    if (this.#deaf && !must) return;
    try {
      application();
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Whether the transport is gone. */
  get #isLost(): boolean {
    return this.#ending !== undefined && (this.#ending.emptying || this.#ending.gone);
  }

  /** Returns what ends the connection; makes it when the connection begins to end. */
  #ensureEnding(): Ending {
    this.#ending ??= new Ending({
      ...this.#awake,
      transport: this.#transport,
      clock: this.#settings.clock,
      limits: this.#settings.limits,
      tell: (code, reason, cause) => this.call(() => this.#handler.close(code, reason, cause), true),
    });
    return this.#ending;
  }

  // Writing.

  /** How many bytes wait for the peer, with their overhead: a million messages of a byte are more than a megabyte. */
  get #waitingBytes(): number {
    return this.bufferedAmount + (this.#active?.writer.overhead ?? 0);
  }

  #submit(queue: (connection: Connection) => void, callback: SendCallback | undefined, isPart = false): boolean {
    if (this.overfull && this.#refuses(isPart, callback)) return false;
    const { connection, writer } = this.#awake;
    const { state } = this;
    if (state !== 'open') {
      if (callback !== undefined) {
        const why = `the connection is ${state}: nothing can be sent`;
        writer.refused(callback, new NotSentError('not-open', why, this.#ending?.cause));
      }
      return false;
    }
    const pending = connection.pendingSends;
    queue(connection);
    if (connection.pendingSends > pending) writer.pending(callback);
    else writer.submitted(callback);
    if (!writer.full) return true;
    this.#needsDrain = true;
    return false;
  }

  /**
   * Does what `overflow` says with a `send` over `maxBufferedAmount`. Returns whether it is refused.
   *
   * @param isPart whether it is a part of a message, which the others need
   */
  #refuses(isPart: boolean, callback: SendCallback | undefined): boolean {
    if (this.state !== 'open') return false;
    const { reader, writer } = this.#awake;
    // What this turn has queued may go out at once.
    writer.flush();
    const waiting = this.#waitingBytes;
    const { maxBufferedAmount, overflow } = this.#settings.limits;
    if (waiting < maxBufferedAmount) return false;
    const policy = isPart && overflow === 'drop' ? 'close' : overflow;
    if (policy === 'wait') {
      reader.pause(PauseReason.Output);
      this.call(() => this.#handler.overflow?.(policy));
      return false;
    }
    const why = `not sent: ${waiting} bytes wait for the peer, and maxBufferedAmount is ${maxBufferedAmount}`;
    const error = new NotSentError('overflow', why);
    // A peer that does not read would never reach a Close behind all that.
    if (policy === 'close') writer.recall(error);
    if (callback !== undefined) writer.refused(callback, error);
    if (policy === 'close') {
      reader.outputTaken();
      this.close(CloseCode.TryAgainLater, 'messages are not read fast enough');
    } else this.#needsDrain = true;
    this.call(() => this.#handler.overflow?.(policy));
    return true;
  }

  #idle(): void {
    this.#awake.reader.resume(PauseReason.Output);
    if (this.#needsDrain) {
      this.#needsDrain = false;
      this.call(() => this.#handler.drain());
    }
    this.#ending?.finish();
  }

  // Calling the application.

  /** Does what {@link call} does, without a closure for each message. */
  #message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    if (this.#deaf) return;
    if (this.#pulse !== undefined) this.#pulse.moved = true;
    try {
      this.#handler.message(payload, isBinary);
    } catch (error) {
      this.#crash(error);
    }
  }

  #crash(error: unknown): void {
    this.#deaf = true;
    // The application will not take back its pauses, which keep the peer's Close from being read.
    this.resume(PauseReason.Application);
    this.resume(PauseReason.Queue);
    this.close(CloseCode.InternalError);
    this.#handler.thrown(error);
  }
}
