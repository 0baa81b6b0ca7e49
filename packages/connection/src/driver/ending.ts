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
  /** No more deliveries or writes: the transport will be gone. */
  Destroyed: 2,
  Gone: 3,
} as const;

/**
 * How a connection leaves its transport: what is queued is written, our half ends, the peer's is waited for; and where
 * the peer takes too long for its Close or for its end, the transport is destroyed.
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
  #stopTimer: (() => void) | undefined;
  /** The count of bytes written at which our Close has been; Infinity while it waits for what is being encoded. */
  #closeEnd = Number.POSITIVE_INFINITY;
  #closeWritten = false;
  /** How much of the write under way the transport still had when the timer was started. */
  #unwritten = 0;

  constructor(parts: {
    readonly connection: Connection;
    readonly reader: Reader;
    readonly writer: Writer;
    readonly transport: Transport;
    readonly clock: Clock;
    readonly limits: DriverLimitSettings;
  }) {
    this.#connection = parts.connection;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.#transport = parts.transport;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
  }

  /** How the connection ends, as far as that is known: what the handler's `close` is told. */
  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }

  /** Why there was no Close, or none that was answered in time. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /** Whether there are no more deliveries or writes: the transport is gone, or will be. */
  get destroyed(): boolean {
    return this.#stage >= Stage.Destroyed;
  }

  /** Whether the transport is gone. */
  get gone(): boolean {
    return this.#stage === Stage.Gone;
  }

  /** Our Close was queued. */
  begun(): void {
    this.queued();
    this.#armTimer();
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

  /** The peer's end of stream has come, and all before it has been taken. */
  peerEnded(): void {
    if (this.#connection.state === 'closed') this.finish();
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
   * once.
   */
  terminate(cause: Error | undefined): void {
    if (this.gone) return;
    this.#cause ??= cause ?? new Error('the connection was terminated by this end');
    this.#writer.flush();
    this.#destroy();
  }

  /** The transport is gone: nothing follows. The callbacks of what was not written are told why. */
  lost(error: Error | undefined): void {
    this.#stage = Stage.Gone;
    this.#stopTimer?.();
    this.#reader.stop();
    this.#cause ??= error;
    this.#connection.receiveEnd();
    // Frees what is queued: the application may keep the connection.
    this.#connection.drop();
    // Made only if asked for: creating an Error is slow, and most connections end well.
    const why = (): Error => (this.#cause ??= new Error('the connection ended without a Close frame of the peer'));
    this.#writer.lost(why);
    if (this.#code === CloseCode.Abnormal) why();
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
    this.#unwritten = this.#transport.unwritten?.() ?? 0;
    // The peer reads what is still to be written before it answers with its Close, or ends.
    const writing = this.#connection.state === 'closing' || this.#writer.bufferedAmount > 0;
    const { closeTimeout, closeReplyTimeout } = this.#limits;
    this.#stopTimer = this.#clock.after(writing ? closeReplyTimeout : closeTimeout, () => this.#timeIsUp());
  }

  #timeIsUp(): void {
    const unwritten = this.#transport.unwritten?.() ?? 0;
    if (this.#unwritten - unwritten >= PROGRESS_BYTES) this.#armTimer();
    else if (this.#connection.state === 'closed') this.#destroy();
    else this.terminate(new Error(`the peer has not answered our Close for ${this.#limits.closeReplyTimeout} ms`));
  }

  #destroy(): void {
    if (this.destroyed) return;
    this.#stage = Stage.Destroyed;
    this.#writer.stop();
    this.#reader.stop();
    this.#transport.destroy();
  }
}
