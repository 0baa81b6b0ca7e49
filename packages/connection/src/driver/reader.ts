import type { Connection } from '../machine/connection.ts';
import { copyOf } from '../machine/data.ts';
import type { Clock, Transport } from './transport.ts';

/** How a reader tells its owner, a driver, of what it has read. */
export interface ReaderEvents {
  /**
   * The peer's end of stream has come, or the transport is gone; all that came before has been taken, and no hook
   * decides on the last of it.
   */
  peerEnded(): void;
  /** The peer keeps pinging and has not read the answers for this many milliseconds: time is up. */
  pongsUnread(ms: number): void;
}

/** Why deliveries have stopped; each reason is taken back by itself. */
export const PauseReason = {
  Application: 1,
  /** The peer has to read first what was sent to it. */
  Output: 2,
  /** A hook decides on the message before. */
  Hook: 4,
  /** More has come than the rate allows. */
  Rate: 8,
  /** The queue of messages is full. */
  Queue: 16,
} as const;

export type PauseReason = (typeof PauseReason)[keyof typeof PauseReason];

/** Pieces that wait are put together up to this many bytes: an array for each of a byte is 200 times what it holds. */
const MERGE_UP_TO = 4096;

const NOTHING = new Uint8Array(0);
/** The array of all connections without a rest, so that they need none of their own. Nothing is put into it. */
const NONE: Uint8Array[] = [];

/**
 * Reads only while the connection can take bytes. What a hold or a decoding extension leaves waits here, with the
 * transport paused.
 */
export class Reader {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #pongTimeout: number;
  readonly #events: ReaderEvents;

  /** The bytes that the connection has not taken: deliveries were held. */
  #rest: Uint8Array[] = NONE;
  #receiving = false;
  /** Why deliveries have stopped: a sum of {@link PauseReason}. */
  #paused = 0;
  #transportPaused = false;
  #peerEnded = false;
  /** The transport is gone: it is neither paused nor resumed. */
  #lost = false;
  #stopped = false;
  #stopPongTimer: (() => void) | undefined;

  /**
   * @param pongTimeout how long the peer may read nothing while reading waits for it to take the answers to its pings,
   *   in milliseconds
   */
  constructor(connection: Connection, transport: Transport, clock: Clock, pongTimeout: number, events: ReaderEvents) {
    this.#connection = connection;
    this.#transport = transport;
    this.#clock = clock;
    this.#pongTimeout = pongTimeout;
    this.#events = events;
  }

  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Whether the transport is read, and nothing is being delivered: where anything waits, the transport has paused. */
  get atRest(): boolean {
    return !this.#receiving && !this.#transportPaused;
  }

  /** Whether nothing is left to be delivered of what has come, and no hook decides on the last of it. */
  get allIsTaken(): boolean {
    if (this.#closed) return true;
    return this.#rest.length === 0 && this.#connection.decoding === 'no' && (this.#paused & PauseReason.Hook) === 0;
  }

  /** Whether the transport is read, or the only reason for a pause is that the peer has to read first. */
  get judgeable(): boolean {
    return !this.#transportPaused || this.#paused === PauseReason.Output;
  }

  /** Whether one of the reasons for a pause is the rate. */
  get throttled(): boolean {
    return (this.#paused & PauseReason.Rate) !== 0;
  }

  received(chunk: Uint8Array): void {
    // After the end, the peer's bytes are read to let its stream end, and dropped: a reset would overtake our Close.
    if (this.#closed || this.#stopped) return;
    const taken = this.#paused !== 0 || this.#rest.length > 0 ? 0 : this.#receive(chunk);
    if (taken < chunk.length && !this.#closed) {
      this.#keep(chunk.subarray(taken));
    }
    this.#pauseOrResume();
  }

  receivedEnd(): void {
    if (this.#peerEnded || this.#stopped) return;
    this.#peerEnded = true;
    this.#endIfAllIsTaken();
  }

  /** The transport is gone: what has come is delivered as before, and then the end told. */
  lost(): void {
    this.#lost = true;
    this.#peerEnded = true;
    // The peer will read nothing more: that it does is not waited for. Nor has it anything to make up for.
    this.outputTaken();
    this.resume(PauseReason.Output);
    this.resume(PauseReason.Rate);
  }

  pause(reason: PauseReason): void {
    const before = this.#paused;
    this.#paused |= reason;
    if (before !== 0) return;
    this.#connection.hold();
    this.#pauseOrResume();
  }

  /** Goes on after {@link pause}, soon. */
  resume(reason: PauseReason): void {
    if (this.#paused === 0) return;
    this.#paused &= ~reason;
    if (this.#paused === 0) this.#connection.release();
    // The end waits for a hook alone, whatever else has stopped deliveries.
    else if (!this.#peerEnded) return;
    this.#clock.defer(() => this.goOn());
  }

  /** A write is done, so the peer is reading: its time for the pongs behind it starts anew. */
  outputWritten(): void {
    if (this.#stopPongTimer === undefined) return;
    this.#stopPongTimer();
    this.#startPongTimer();
  }

  /** Output has been taken: if that was the pongs that reading waits for, it goes on soon. */
  outputTaken(): void {
    if (this.#stopPongTimer === undefined || this.#connection.heldForPongs) return;
    this.#stopPongTimer();
    this.#stopPongTimer = undefined;
    this.#clock.defer(() => this.goOn());
  }

  /** Delivers what was decoded, and the rest, as long as deliveries are not held. */
  goOn(): void {
    if (this.#receiving || this.#stopped) return;
    while (this.#paused === 0 && !this.#connection.heldForPongs) {
      const { decoding } = this.#connection;
      const rest = this.#rest;
      if (decoding === 'decoding' || (decoding === 'no' && rest.length === 0)) break;
      const chunk = rest.shift() ?? NOTHING;
      const taken = this.#receive(chunk);
      if (this.#stopped) return;
      if (taken < chunk.length && !this.#closed) rest.unshift(chunk.subarray(taken));
    }
    this.#endIfAllIsTaken();
    this.#pauseOrResume();
  }

  /** The connection is closed: drops what waits, and reads the transport to its end. */
  skipToEnd(): void {
    this.#rest = NONE;
    this.#pauseOrResume();
  }

  /** Neither delivers nor reads any more; in a delivery, that is the last one. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#rest = NONE;
    this.#stopPongTimer?.();
    this.#connection.hold();
  }

  /** Copies: also a transport that has paused may have more to give, in pieces of whatever size the peer likes. */
  #keep(bytes: Uint8Array): void {
    if (this.#rest === NONE) this.#rest = [];
    const rest = this.#rest;
    const last = rest.at(-1);
    if (last === undefined || last.length + bytes.length > MERGE_UP_TO) {
      rest.push(copyOf(bytes));
      return;
    }
    const merged = new Uint8Array(last.length + bytes.length);
    merged.set(last);
    merged.set(bytes, last.length);
    rest[rest.length - 1] = merged;
  }

  get #closed(): boolean {
    return this.#connection.state === 'closed';
  }

  #receive(chunk: Uint8Array): number {
    this.#receiving = true;
    try {
      return this.#connection.receive(chunk);
    } finally {
      this.#receiving = false;
    }
  }

  #endIfAllIsTaken(): void {
    if (this.#peerEnded && this.allIsTaken) this.#events.peerEnded();
  }

  #pauseOrResume(): void {
    if (this.#stopped || this.#lost) return;
    const { state, heldForPongs } = this.#connection;
    const pause = state !== 'closed' && (this.#paused !== 0 || this.#rest.length > 0 || heldForPongs);
    if (pause !== this.#transportPaused) {
      this.#transportPaused = pause;
      if (pause) this.#transport.pause();
      else this.#transport.resume();
    }
    // Two ends that both stop reading until their pongs are written would wait for each other for ever.
    if (heldForPongs && state !== 'closed' && this.#stopPongTimer === undefined) this.#startPongTimer();
  }

  #startPongTimer(): void {
    this.#stopPongTimer = this.#clock.after(this.#pongTimeout, () => this.#events.pongsUnread(this.#pongTimeout));
  }
}
