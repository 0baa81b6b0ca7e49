import { CloseCode } from '@ws/codec';
import { Connection, type ConnectionOptions, type SendOptions } from './connection.ts';
import type { Data } from './data.ts';
import { readMilliseconds } from './milliseconds.ts';
import type { Clock, Transport } from './transport.ts';

/** Who is told what happens on a connection. One that throws closes its own connection with 1011 and hears no more of the peer. */
export interface DriverHandler {
  message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void;
  ping(payload: Uint8Array<ArrayBuffer>): void;
  pong(payload: Uint8Array<ArrayBuffer>): void;
  /** After a `send` that returned false: all has been written. */
  drain(): void;
  /**
   * The end, once, last.
   *
   * @param code that of the peer's Close; 1005 if it had none; 1006 if there was no Close, and then `cause` says why
   */
  close(code: number, reason: string, cause: Error | undefined): void;
  /** One of the above, or a callback of `send`, has thrown: rethrow it where only the process hears it. */
  thrown(error: unknown): void;
}

export interface DriverOptions extends Omit<ConnectionOptions, 'sink'> {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly handler: DriverHandler;
  /**
   * How long the peer's end of stream is waited for once the connection is closed, in milliseconds; then the transport is
   * destroyed. Default: 1000, ample for a packet and back, and short where a proxy keeps TCP half open (row H11).
   */
  readonly closeTimeout?: number | undefined;
  /**
   * How long the peer's Close is waited for after ours, in milliseconds. Default: 10,000, since it may stand behind
   * messages that are on their way.
   */
  readonly closeReplyTimeout?: number | undefined;
}

/** Is told when the bytes of a `send` have been written, or why they never will be. */
export type SendCallback = (error?: Error) => void;

/** So much collected output does not wait for the end of the turn, in bytes. */
const FLUSH_AT = 65_536;

/** With so much waiting to be written, in bytes, `send` asks the caller to wait for the drain. */
const HIGH_WATER = 65_536;

/**
 * Joins a {@link Connection} to a {@link Transport} and a {@link Clock}. What is queued in one turn of the event loop leaves
 * in one write; one write is under way at a time, and what comes after it waits here.
 */
export class Driver {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #handler: DriverHandler;
  readonly #closeTimeout: number;
  readonly #closeReplyTimeout: number;

  /** What was received while somebody held, and has not been taken. */
  readonly #rest: Uint8Array[] = [];
  #receiving = false;
  #paused = false;
  #transportPaused = false;
  #peerEnded = false;

  #flushDeferred = false;
  /** Bytes that the transport is still writing, and who waits for them. */
  #writing = 0;
  #written: SendCallback[] = [];
  /** Who waits for bytes that are still queued. */
  #queued: SendCallback[] = [];
  /** Who is to be called next, in this order, with what; not before `send` has returned. */
  #due: [callbacks: readonly SendCallback[], error: Error | undefined][] = [];
  #needsDrain = false;

  #ended = false;
  /** Neither deliveries nor writes any more: the transport is gone, or will be. */
  #destroyed = false;
  #gone = false;
  /** A handler has thrown. */
  #deaf = false;
  #code: number = CloseCode.Abnormal;
  #reason = '';
  #cause: Error | undefined;
  #stopTimer: (() => void) | undefined;
  #stopPongTimer: (() => void) | undefined;

  /** @throws TypeError or RangeError if an option is of the wrong kind */
  constructor(options: DriverOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#handler = options.handler;
    this.#closeTimeout = readMilliseconds(options.closeTimeout, 'closeTimeout', 1000);
    this.#closeReplyTimeout = readMilliseconds(options.closeReplyTimeout, 'closeReplyTimeout', 10_000);
    this.#connection = new Connection({
      ...options,
      sink: {
        message: (payload, isBinary) => this.#message(payload, isBinary),
        ping: (payload) => this.call(() => this.#handler.ping(payload)),
        pong: (payload) => this.call(() => this.#handler.pong(payload)),
        close: (code, reason) => {
          this.#code = code ?? CloseCode.NoStatus;
          this.#reason = reason;
          this.#closed();
        },
        violation: (error) => {
          this.#cause ??= error;
          this.#closed();
        },
        output: () => this.#flushSoon(),
      },
    });
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#connection.state;
  }

  /** How many bytes were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#connection.queuedBytes + this.#writing;
  }

  /** Whether the transport is gone: nothing follows. */
  get gone(): boolean {
    return this.#gone;
  }

  // From the transport.

  /** The transport has read bytes. They are the driver's to keep, and are not written to. */
  received(chunk: Uint8Array): void {
    // After the end, the peer's bytes are read to let its stream end, and dropped (DESIGN: lingering).
    if (this.#connection.state === 'closed' || this.#destroyed) return;
    if (this.#paused || this.#rest.length > 0) this.#rest.push(chunk);
    else this.#receive(chunk);
    this.#throttle();
  }

  /** The transport has read the peer's end of stream. */
  receivedEnd(): void {
    if (this.#peerEnded || this.#destroyed) return;
    this.#peerEnded = true;
    if (this.#rest.length === 0) this.#peerEnd();
  }

  /** The write that `transport.write` did not finish at once is done. */
  written(): void {
    if (this.#gone) return;
    this.#writing = 0;
    const callbacks = this.#written;
    this.#written = [];
    this.#settle(callbacks);
    this.#armTimer();
    this.#flush();
  }

  /** The transport is gone: both halves have ended, or it was destroyed, or it failed. */
  lost(error?: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#destroyed = true;
    this.#stopTimer?.();
    this.#stopPongTimer?.();
    this.#cause ??= error;
    this.#rest.length = 0;
    this.#connection.receiveEnd();
    // What will never be written should not be kept by whoever keeps this.
    this.#connection.take();
    this.#writing = 0;
    const cause = this.#cause ?? new Error('the connection ended without a Close frame of the peer');
    const callbacks = [...this.#written, ...this.#queued];
    this.#written = [];
    this.#queued = [];
    this.#settle(callbacks, cause);
    const abnormal = this.#code === CloseCode.Abnormal;
    this.call(() => this.#handler.close(this.#code, this.#reason, abnormal ? cause : undefined), true);
  }

  // From the application.

  /**
   * Queues a message or a fragment of one; see `Connection.send`.
   *
   * @param callback called once the bytes have been written, never before `send` returns
   * @returns false if the caller should wait for the drain; also if the connection is not open, which the callback is told
   * @throws TypeError for data that cannot be sent
   */
  send(data: Data, options: SendOptions, callback?: SendCallback | undefined): boolean {
    return this.#submit(() => this.#connection.send(data, options), callback);
  }

  /** Queues a ping of at most 125 bytes. As {@link send}; RangeError if it is longer. */
  ping(data: Data | undefined, callback?: SendCallback | undefined): boolean {
    return this.#submit(() => this.#connection.ping(data), callback);
  }

  /** Queues an unsolicited pong of at most 125 bytes. As {@link send}; RangeError if it is longer. */
  pong(data: Data | undefined, callback?: SendCallback | undefined): boolean {
    return this.#submit(() => this.#connection.pong(data), callback);
  }

  /** Starts the closing handshake; see `Connection.close`. */
  close(code?: number | undefined, reason?: string | undefined): void {
    const { state } = this.#connection;
    this.#connection.close(code, reason);
    if (state === 'open') this.#armTimer();
  }

  /** Ends the connection at once, with no Close: nothing is delivered or written any more, and the end is told soon. */
  terminate(cause?: Error | undefined): void {
    if (this.#gone) return;
    this.#cause ??= cause ?? new Error('the connection was terminated by this end');
    this.#destroy();
  }

  /** Stops deliveries, after the one that runs now, and reading. Pings are not answered meanwhile. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.hold();
    this.#throttle();
  }

  /** Goes on after {@link pause}, soon. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.release();
    this.#clock.defer(() => this.#continue());
  }

  /**
   * Calls the application as its handlers are called: if it throws, the connection closes with 1011, and the application
   * hears no more of the peer, but for what it `must` hear.
   */
  call(application: () => void, must = false): void {
    if (this.#deaf && !must) return;
    try {
      application();
    } catch (error) {
      this.#crash(error);
    }
  }

  // Reading.

  #receive(chunk: Uint8Array): void {
    this.#receiving = true;
    let taken = 0;
    try {
      taken = this.#connection.receive(chunk);
    } finally {
      this.#receiving = false;
    }
    if (taken < chunk.length && this.#connection.state !== 'closed') this.#rest.unshift(chunk.subarray(taken));
  }

  /** Takes the rest, as far as nobody holds. */
  #continue(): void {
    if (this.#receiving || this.#destroyed) return;
    while (this.#rest.length > 0 && !this.#paused && !this.#connection.heldForPongs) {
      this.#receive(this.#rest.shift()!);
      if (this.#destroyed) return;
    }
    if (this.#rest.length === 0 && this.#peerEnded) this.#peerEnd();
    this.#throttle();
  }

  /** Reads from the transport exactly while what it reads can be taken. */
  #throttle(): void {
    if (this.#destroyed) return;
    const { state, heldForPongs } = this.#connection;
    const pause = state !== 'closed' && (this.#paused || this.#rest.length > 0 || heldForPongs);
    if (pause !== this.#transportPaused) {
      this.#transportPaused = pause;
      if (pause) this.#transport.pause();
      else this.#transport.resume();
    }
    // Two ends that both stop reading until their pongs are written would wait for each other for ever.
    if (heldForPongs && state !== 'closed') {
      this.#stopPongTimer ??= this.#clock.after(this.#closeTimeout, () =>
        this.terminate(new Error(`the peer sends pings and has not read the answers for ${this.#closeTimeout} ms`)),
      );
    }
  }

  #peerEnd(): void {
    if (this.#connection.state !== 'closed') {
      this.#connection.receiveEnd();
      this.#closed();
    } else this.#finish();
  }

  // Writing.

  #submit(queue: () => void, callback: SendCallback | undefined): boolean {
    const { state } = this.#connection;
    if (state !== 'open') {
      if (callback !== undefined) {
        const error = new Error(`the connection is ${state}: nothing can be sent`);
        this.#settleSoon([callback], error);
      }
      return false;
    }
    queue();
    if (callback !== undefined) this.#queued.push(callback);
    if (this.#connection.queuedBytes >= FLUSH_AT) this.#flush(true);
    if (this.bufferedAmount < HIGH_WATER) return true;
    this.#needsDrain = true;
    return false;
  }

  #flushSoon(): void {
    if (this.#flushDeferred || this.#writing > 0) return;
    this.#flushDeferred = true;
    this.#clock.defer(() => {
      this.#flushDeferred = false;
      this.#flush();
    });
  }

  /** Writes what is queued, unless a write is under way. */
  #flush(insideSend = false): void {
    if (this.#destroyed || this.#writing > 0) return;
    const bytes = this.#connection.queuedBytes;
    if (bytes > 0) {
      const { heldForPongs } = this.#connection;
      const callbacks = this.#queued;
      this.#queued = [];
      this.#writing = bytes;
      const done = this.#transport.write(this.#connection.take());
      if (heldForPongs) {
        this.#stopPongTimer?.();
        this.#stopPongTimer = undefined;
        this.#clock.defer(() => this.#continue());
      }
      if (!done) {
        this.#written = callbacks;
        return;
      }
      this.#writing = 0;
      if (callbacks.length > 0) {
        if (insideSend) this.#settleSoon(callbacks);
        else this.#settle(callbacks);
      }
    }
    if (this.#needsDrain && !insideSend && !this.#destroyed && this.bufferedAmount === 0) {
      this.#needsDrain = false;
      this.call(() => this.#handler.drain());
    }
    this.#finish();
  }

  #settle(callbacks: readonly SendCallback[], error?: Error): void {
    this.#due.push([callbacks, error]);
    this.#settleDue();
  }

  #settleSoon(callbacks: readonly SendCallback[], error?: Error): void {
    this.#due.push([callbacks, error]);
    this.#clock.defer(() => this.#settleDue());
  }

  #settleDue(): void {
    for (const [callbacks, error] of this.#due.splice(0)) {
      for (const callback of callbacks) this.call(() => (error === undefined ? callback() : callback(error)), true);
    }
  }

  // Closing.

  /** The connection is closed: what is queued is written, then our half ends, then the peer's is waited for. */
  #closed(): void {
    this.#rest.length = 0;
    this.#armTimer();
    this.#flushSoon();
    this.#throttle();
  }

  #finish(): void {
    if (this.#connection.state !== 'closed' || this.#ended || this.#destroyed || this.bufferedAmount > 0) return;
    // Section 7.1.1: the server ends the stream first, so that it, not the client, need not hold TIME_WAIT for reuse.
    if (this.#connection.closeExpected && this.#cause === undefined && !this.#peerEnded) return;
    this.#ended = true;
    this.#transport.end();
  }

  #armTimer(): void {
    const { state } = this.#connection;
    if (state === 'open' || this.#destroyed) return;
    this.#stopTimer?.();
    this.#stopTimer =
      state === 'closing'
        ? this.#clock.after(this.#closeReplyTimeout, () =>
            this.terminate(new Error(`the peer has not answered our Close for ${this.#closeReplyTimeout} ms`)),
          )
        : this.#clock.after(this.#closeTimeout, () => this.#destroy());
  }

  #destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    // In a delivery, this is the last one.
    this.#connection.hold();
    this.#transport.destroy();
  }

  // Calling the application.

  #message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    if (this.#deaf) return;
    try {
      this.#handler.message(payload, isBinary);
    } catch (error) {
      this.#crash(error);
    }
  }

  #crash(error: unknown): void {
    this.#deaf = true;
    this.resume();
    this.close(CloseCode.InternalError);
    this.#handler.thrown(error);
  }
}
