import { CloseCode } from '@ws/codec';
import type { Connection } from '../machine/connection.ts';
import type { DriverLimitSettings } from './driver-limits.ts';
import type { Reader } from './reader.ts';
import type { Clock, Transport } from './transport.ts';
import type { Writer } from './writer.ts';

/**
 * A timeout restarts once this much of the current write has left: 16 KiB in 10 s is the slowest mobile network; one
 * byte would let a peer stall for days.
 */
const PROGRESS_BYTES = 16_384;

/** How much of the transport is left, in this order. */
const Stage = {
  /** Both halves. */
  Whole: 0,
  /** Our half has ended: the peer's end is waited for. */
  HalfEnded: 1,
  /** None, and what was read before is still being delivered. */
  Lost: 2,
  /** No more deliveries or writes: the transport will be gone. */
  Destroyed: 3,
  /** None, and the end has been told. */
  Gone: 4,
} as const;

/**
 * How a connection leaves its transport: what is queued is written, our half ends, the peer's is waited for; and where
 * the peer takes too long for its Close or for its end, the transport is destroyed. Of a transport that is lost, what
 * was read before is delivered first, for as long as the application takes it.
 */
export class Ending {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #limits: DriverLimitSettings;

  #stage: (typeof Stage)[keyof typeof Stage] = Stage.Whole;
  #code: number = CloseCode.Abnormal;
  #reason = '';
  #cause: Error | undefined;
  /** Why the transport is gone: the cause, where there is no other. */
  #loss: Error | undefined;
  readonly #tell: (code: number, reason: string, cause: Error | undefined) => void;
  #stopTimer: (() => void) | undefined;
  /** The count of bytes written at which our Close has been; Infinity while it waits for what is being encoded. */
  #closeEnd = Number.POSITIVE_INFINITY;
  #closeWritten = false;
  /** This end has closed, before the loss or after it. */
  #leaving = false;
  /** How much of the write under way the transport still had when the timer was started. */
  #unwritten = 0;
  /** How much of what was read had been taken when the timer was started, in bytes. */
  #offset = 0;
  /** The application has taken some of what was read since the timer was started. */
  #taken = false;

  constructor(parts: {
    readonly connection: Connection;
    readonly reader: Reader;
    readonly writer: Writer;
    readonly transport: Transport;
    readonly clock: Clock;
    readonly limits: DriverLimitSettings;
    /** Tells the application of the end, once, last: with a cause if there was no Close. */
    readonly tell: (code: number, reason: string, cause: Error | undefined) => void;
  }) {
    this.#connection = parts.connection;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.#transport = parts.transport;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#tell = parts.tell;
  }

  /** Why there was no Close, or none that was answered in time, as far as that is known. */
  get cause(): Error | undefined {
    return this.#cause ?? this.#loss;
  }

  /** Whether there are no more deliveries or writes: the transport is gone, or will be. */
  get destroyed(): boolean {
    return this.#stage >= Stage.Destroyed;
  }

  /** Whether the transport is gone, and what was read before is still being delivered. */
  get emptying(): boolean {
    return this.#stage === Stage.Lost;
  }

  /** Whether this end has closed: what nobody takes is not waited for. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Whether the transport is gone, and the end has been told. */
  get gone(): boolean {
    return this.#stage === Stage.Gone;
  }

  /** This end closes: our Close was queued, unless the transport is gone. */
  begun(): void {
    this.#leaving = true;
    if (this.emptying) return;
    this.queued();
    this.#armTimer();
  }

  /** The application has taken some of what was read. */
  taken(): void {
    this.#taken = true;
  }

  /** More was queued: our Close, if it had to wait. */
  queued(): void {
    const isKnown = this.#closeEnd < Number.POSITIVE_INFINITY;
    if (!isKnown && this.#connection.pendingSends === 0) this.#closeEnd = this.#writer.end;
  }

  /** The peer's Close has come. */
  peerCloses(code: number | undefined, reason: string): void {
    this.#code = code ?? CloseCode.NoStatus;
    this.#reason = reason;
    this.#closed();
  }

  /** The peer broke a rule, which is the cause of the end. */
  failed(cause: Error): void {
    this.#cause ??= cause;
    this.#closed();
  }

  /** The peer's end of stream has come, or the transport is gone, and all before that has been taken. */
  peerEnded(): void {
    if (this.emptying) this.#end();
    else if (this.#connection.state === 'closed') this.finish();
    else {
      this.#connection.receiveEnd();
      this.#closed();
    }
  }

  /**
   * A write is done and the next has begun: the peer is reading, so its time starts anew. Behind our Close only pongs
   * follow; they do not count.
   */
  written(): void {
    if (this.#closeWritten) return;
    this.#closeWritten = this.#writer.written >= this.#closeEnd;
    this.#armTimer();
  }

  /** Ends our half, if the connection is closed and all that is queued has been written. */
  finish(): void {
    if (this.#connection.state !== 'closed' || this.#stage !== Stage.Whole || this.#writer.bufferedAmount > 0) return;
    this.#armTimer();
    // RFC 6455, section 7.1.1: the server ends the stream first, so that TIME_WAIT is its own and the client can
    // reconnect.
    if (this.#connection.closeExpected && this.#cause === undefined && !this.#reader.peerEnded) return;
    this.#stage = Stage.HalfEnded;
    this.#transport.end();
  }

  /**
   * Ends both halves at once. What this turn has queued, such as our Close, is written if the transport takes it at
   * once. Of a transport that is gone already, what was read is dropped.
   */
  terminate(cause: Error | undefined): void {
    if (this.destroyed) return;
    if (this.emptying) {
      this.#stage = Stage.Destroyed;
      this.#stopTimer?.();
      this.#reader.stop();
      this.#clock.defer(() => this.#end());
      return;
    }
    this.#cause ??= cause ?? new Error('the connection was terminated by this end');
    this.#writer.flush();
    this.#destroy();
  }

  /**
   * The transport is gone. The callbacks of what was not written are told why, and the end follows: at once, or when
   * what was read before has been delivered. For that, the application has `closeReplyTimeout`, anew each time that it
   * has taken some of it.
   */
  lost(error: Error | undefined): void {
    this.#loss = error;
    if (this.destroyed || this.#reader.allIsTaken) {
      this.#end();
      return;
    }
    this.#stage = Stage.Lost;
    this.#connection.abandon();
    this.#reader.lost();
    this.#armTimer();
    this.#writer.lost(() => (this.#loss ??= noClose()));
  }

  /** Tells the end: nothing follows. */
  #end(): void {
    if (this.gone) return;
    this.#stage = Stage.Gone;
    this.#stopTimer?.();
    this.#reader.stop();
    this.#cause ??= this.#loss;
    this.#connection.receiveEnd();
    // Frees what is queued: the application may keep the connection.
    this.#connection.drop();
    // Made only if asked for: creating an Error is slow, and most connections end well.
    const why = (): Error => (this.#cause ??= noClose());
    this.#writer.lost(why);
    this.#tell(this.#code, this.#reason, this.#code === CloseCode.Abnormal ? why() : undefined);
  }

  /** The connection is closed: what is queued is written, then our half ends, then the peer's is waited for. */
  #closed(): void {
    this.#armTimer();
    this.#writer.flushSoon();
    this.#reader.skipToEnd();
  }

  #armTimer(): void {
    if (this.destroyed) return;
    this.#stopTimer?.();
    this.#unwritten = this.#unwrittenNow;
    this.#offset = this.#connection.offset;
    this.#taken = false;
    // The peer reads what is still to be written before it answers with its Close, or ends.
    const writing = this.#connection.state === 'closing' || this.#writer.bufferedAmount > 0;
    const { closeTimeout, closeReplyTimeout } = this.#limits;
    this.#stopTimer = this.#clock.after(writing ? closeReplyTimeout : closeTimeout, () => this.#timeIsUp());
  }

  #timeIsUp(): void {
    if (this.#hasMoved) this.#armTimer();
    else if (this.emptying) this.#end();
    else if (this.#connection.state === 'closed') this.#destroy();
    else this.terminate(new Error(`the peer has not answered our Close for ${this.#limits.closeReplyTimeout} ms`));
  }

  /** Whether the peer, or once it is gone the application, has taken something since the timer was started. */
  get #hasMoved(): boolean {
    if (this.emptying) return this.#taken || this.#connection.offset > this.#offset;
    return this.#unwritten - this.#unwrittenNow >= PROGRESS_BYTES;
  }

  get #unwrittenNow(): number {
    return this.emptying ? 0 : (this.#transport.unwritten?.() ?? 0);
  }

  #destroy(): void {
    if (this.destroyed) return;
    this.#stage = Stage.Destroyed;
    this.#writer.stop();
    this.#reader.stop();
    this.#transport.destroy();
  }
}

function noClose(): Error {
  return new Error('the connection ended without a Close frame of the peer');
}
