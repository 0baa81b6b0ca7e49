import { Driver } from '../driver/driver.ts';
import type { DriverHandler, DriverParts } from '../driver/driver-options.ts';
import { DriverSettings, type SharedDriverOptions } from '../driver/driver-settings.ts';
import { NotSentError } from '../driver/not-sent-error.ts';
import { PauseReason } from '../driver/reader.ts';
import type { SendCallback } from '../driver/send-callbacks.ts';
import type { Clock, Transport } from '../driver/transport.ts';
import { type Data, toBytes, toChunk } from '../machine/data.ts';
import { COPY_UP_TO } from '../machine/send-memory.ts';
import type { SendOptions } from '../machine/send-options.ts';
import type { Message } from './message.ts';
import { MessageQueue } from './message-queue.ts';
import { clockOf, maskingKeysOf, type Runtime } from './runtime.ts';

/** A transport that is made before its driver. */
export interface ConnectableTransport extends Transport {
  /** Starts to read, for the driver. */
  connect(driver: Driver): void;
}

/** What each {@link Socket} has for itself. */
export interface SocketParts extends Omit<DriverParts, 'transport' | 'handler'> {
  /** The bytes that came right behind the head of the handshake, read while the socket is made. Default: none. */
  readonly early?: Uint8Array | undefined;
  /** Is told of each ping, which has been answered already. Default: none. */
  readonly ping?: ((payload: Uint8Array<ArrayBuffer>) => void) | undefined;
  /** Is told of each pong: for a heartbeat. Default: none. */
  readonly pong?: ((payload: Uint8Array<ArrayBuffer>) => void) | undefined;
}

/** The options of a {@link Socket}: those of the {@link Driver} inside, and these. */
export interface SocketOptions extends SocketParts, Omit<SharedDriverOptions, 'clock'> {
  /** Time and random numbers: `globalThis`, or what stands for it. */
  readonly runtime: Runtime;
  /** Default: that of the `runtime`. */
  readonly clock?: Clock | undefined;
}

/** How a connection has ended. */
export interface SocketEnd {
  /** The code of the peer's Close; 1005 if it had none; 1006 if there was no Close. */
  readonly code: number;
  readonly reason: string;
  /** Why there was no Close: a `ProtocolError` with name and offset, the system's error, a time limit. */
  readonly cause: Error | undefined;
}

const DONE: Promise<void> = Promise.resolve();

/**
 * A connection after its handshake, in promises: `await socket.send(…)`, `for await (… of socket)`. For transports that
 * have no shape of their own to keep, as that over streams; adapters with events use a {@link Driver} instead.
 */
export class Socket {
  readonly #driver: Driver;
  readonly #queue: MessageQueue;
  /**
   * Up to here, in bytes, data is the caller's again at once. An extension may take its time with more than it has to
   * copy.
   */
  readonly #copied: number;
  /** The promise of all sends that wait for room. */
  #room:
    | { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void }
    | undefined;
  /** The end, which is told once and never rejects: when the transport is gone. */
  readonly closed: Promise<SocketEnd>;

  /** @throws TypeError or RangeError for options of the wrong kind */
  constructor(transport: ConnectableTransport, options: SocketOptions);
  /** @param settings what it has in common with others */
  constructor(transport: ConnectableTransport, parts: SocketParts, settings: DriverSettings);
  constructor(
    transport: ConnectableTransport,
    options: SocketParts | SocketOptions,
    settings: DriverSettings = settingsOf(options as SocketOptions),
  ) {
    const { early: rest, ping, pong, extensions = [] } = options;
    const early = rest === undefined ? undefined : toChunk(rest, 'early');
    let tellEnd!: (end: SocketEnd) => void;
    this.closed = new Promise((resolve) => {
      tellEnd = resolve;
    });
    this.#copied = extensions.length > 0 ? COPY_UP_TO : settings.copyUpTo;
    this.#queue = new MessageQueue({
      pause: () => this.#driver.pause(PauseReason.Queue),
      resume: () => this.#driver.resume(PauseReason.Queue),
      taken: () => this.#driver.taken(),
    });
    const handler: DriverHandler = {
      message: (payload, isBinary) => {
        if (this.#driver.keepsUntaken || this.#queue.iterating) this.#queue.push(payload, isBinary);
      },
      ping: (payload) => ping?.(payload),
      pong: (payload) => pong?.(payload),
      drain: () => {
        this.#room?.resolve();
        this.#room = undefined;
      },
      overflow: (policy) => {
        if (policy !== 'close') return;
        this.#room?.reject(
          new NotSentError('overflow', 'not sent: the connection closes, since the peer does not read'),
        );
        this.#room = undefined;
      },
      lost: (cause) => this.#noRoom(cause?.message ?? 'the transport is gone', cause),
      close: (code, reason, cause) => {
        this.#noRoom(cause?.message ?? `the connection was closed with ${code}`, cause);
        this.#queue.end(cause);
        tellEnd({ code, reason, cause });
      },
      thrown: (error) => void Promise.reject(error),
    };
    this.#driver = new Driver({ transport, handler, extensions }, settings);
    if (early !== undefined && early.length > 0) this.#driver.received(early);
    transport.connect(this.#driver);
  }

  /** Where the connection stands; `closed` as well once the transport has been destroyed. */
  get state(): 'open' | 'closing' | 'closed' {
    return this.#driver.state;
  }

  /** How many bytes were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#driver.bufferedAmount;
  }

  /**
   * Sends a message: a string as text, anything else as binary unless `binary` says otherwise.
   *
   * The promise is fulfilled once more may be sent and the data is the caller's again: at once, unless 64 KiB wait to
   * be written or the data is binary of over 4 KiB, which is written from where it lies (or over the `copyUpTo` of the
   * `SendMemory`, without an extension). It rejects with a {@link NotSentError} if the connection is not open, ends
   * before that, or `overflow` refuses the message. An unawaited rejection is ignored; `closed` tells the end.
   *
   * @throws TypeError, at once, for data that cannot be sent; on a connection that is not open, for data of another
   *   type only
   */
  send(data: Data, options: SendOptions = {}): Promise<void> {
    const open = this.#driver.state === 'open';
    // A driver does not look at what it refuses.
    if (!open) toBytes(data, 'data');
    if (!open || this.#driver.overfull || (typeof data !== 'string' && data?.byteLength > this.#copied)) {
      return this.#told((callback) => this.#driver.send(data, options, callback));
    }
    return this.#driver.send(data, options) ? DONE : this.#awaitRoom();
  }

  /**
   * Sends a ping of at most 125 bytes; as {@link send}. RangeError, at once, if it is longer and the connection is
   * open.
   */
  ping(data?: Data | undefined): Promise<void> {
    if (this.#driver.state !== 'open' || this.#driver.overfull) {
      return this.#told((callback) => this.#driver.ping(data, callback));
    }
    return this.#driver.ping(data) ? DONE : this.#awaitRoom();
  }

  /**
   * Starts the closing handshake. Messages that arrive before the peer's Close go to a loop that runs; if none does,
   * they are dropped.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. Default: none
   * @param reason at most 123 bytes of UTF-8
   * @returns {@link closed}
   * @throws TypeError or RangeError for what may not be sent
   */
  close(code?: number | undefined, reason?: string | undefined): Promise<SocketEnd> {
    this.#driver.close(code, reason);
    this.#dropUnwanted();
    return this.closed;
  }

  /** Ends the connection at once, without a Close. */
  terminate(cause?: Error | undefined): void {
    this.#driver.terminate(cause);
    this.#queue.clear();
  }

  /**
   * The messages, one by one: reading stops while the consumer is busy and 64 KiB wait. Ends on a clean close, and
   * throws the cause of any other. Leaving the loop early leaves the connection open, and later messages waiting.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message, void, void> {
    return this.#queue.iterate(() => {
      if (this.#driver.state === 'closing' && !this.#driver.keepsUntaken) this.#dropUnwanted();
    });
  }

  /** Drops what no loop asks for: after our Close it would stand before the peer's for ever. */
  #dropUnwanted(): void {
    if (!this.#queue.iterating) this.#queue.clear();
  }

  /** Makes a promise of the callback of a send. */
  #told(send: (callback: SendCallback) => boolean): Promise<void> {
    let settle!: SendCallback;
    const told = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    send(settle);
    return heard(told);
  }

  /** Nothing more is sent: those who wait for room are told why. */
  #noRoom(why: string, cause: Error | undefined): void {
    this.#room?.reject(new NotSentError('ended', why, cause));
    this.#room = undefined;
  }

  #awaitRoom(): Promise<void> {
    if (this.#room === undefined) {
      let resolve!: () => void;
      let reject!: (error: Error) => void;
      const promise = new Promise<void>((yes, no) => {
        resolve = yes;
        reject = no;
      });
      this.#room = { promise: heard(promise), resolve, reject };
    }
    return this.#room.promise;
  }
}

/** A promise whose rejection ends no process if it is not awaited. */
function heard(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function settingsOf({ runtime, clock = clockOf(runtime), maskingKey, ...others }: SocketOptions): DriverSettings {
  const keys = maskingKey ?? (others.role === 'client' ? maskingKeysOf(runtime) : undefined);
  return new DriverSettings({ ...others, clock, maskingKey: keys });
}
