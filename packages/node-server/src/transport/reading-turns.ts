import { setImmediate } from 'node:timers';
import { forAll } from '../runtime/async-context.ts';

/** From this many bytes in a row on, much is read from a socket. */
const MUCH = 16_384;

/** How long the sockets that much is read from have in one turn of the event loop, in milliseconds: all others wait. */
const TURN = 1;

/**
 * How long one such socket may go on while others wait, in milliseconds: to give way after each read would cost a
 * seventh of the speed.
 */
const SLOT = 0.25;

/** How much of what earlier turns have taken each turn forgets. */
const FORGETS = 1 / 8;

/** A socket that much is read from. */
export interface Bulk {
  /**
   * After this many bytes in a row it may give way, at least 16 KiB: there may be more behind them, since Node reads a
   * socket up to 32 times, 64 KiB each, before it looks at another.
   */
  readonly givesWayFrom: number;
  /** Goes on with the reading: its turn has come. */
  goOn(): void;
}

/** Time as the turns see it. */
export interface TurnClock {
  /** The time in milliseconds. */
  now(): number;
  /** Calls back once what has been delivered is done with, also by listeners that have awaited what was there. */
  afterRead(callback: () => void): void;
  /** Calls back once the sockets have been read that can be read now. */
  afterTurn(callback: () => void): void;
}

/**
 * Shares the event loop between the sockets that much is read from, and all else: in each turn as many of them are read
 * as have the time, one after the other in their order.
 */
export class ReadingTurns {
  readonly #clock: TurnClock;
  /** The sockets that have given way: first come, first to go on. */
  readonly #waiting: Bulk[] = [];
  /** The end of the turn is waited for. */
  #running = false;
  #turnBegan = 0;
  /** The socket that was read last in this turn, and how many bytes in a row. */
  #last: Bulk | undefined;
  #bytes = 0;
  /**
   * Since when much that was read of the last socket is being delivered; and how long that has been, with what came
   * before.
   */
  #since: number | undefined;
  #slot = 0;
  /** How many sockets much was read from in this turn, and how long it took. */
  #slots = 0;
  #spent = 0;
  /** Means of both over the turns before, of which each counts for less than the one after it. */
  #slotsBefore = 0;
  #spentBefore = 0;

  constructor(clock: TurnClock) {
    this.#clock = clock;
  }

  /**
   * Counts bytes that were read from a socket. Returns whether it may have to give way: {@link givesWay} is to be asked
   * when they are delivered.
   */
  read(who: Bulk, length: number): boolean {
    this.#readDone();
    if (who !== this.#last) {
      this.#last = who;
      this.#bytes = 0;
      this.#slot = 0;
    }
    const before = this.#bytes;
    this.#bytes += length;
    if (this.#bytes < MUCH) return false;
    if (before < MUCH) this.#slots++;
    this.#since = this.#clock.now();
    this.#clock.afterRead(this.#readDone);
    if (!this.#running) {
      this.#running = true;
      this.#turnBegan = this.#since;
      this.#clock.afterTurn(this.#endTurn);
    }
    return this.#bytes >= who.givesWayFrom;
  }

  /** Returns whether the socket gives way now; it is told when to go on. */
  givesWay(who: Bulk): boolean {
    this.#account();
    if (this.#spent <= TURN && (this.#waiting.length === 0 || this.#slot <= SLOT)) return false;
    this.#waiting.push(who);
    return true;
  }

  /** Forgets a socket that is gone. */
  leave(who: Bulk): void {
    if (this.#last === who) this.#last = undefined;
    const at = this.#waiting.indexOf(who);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  #account(): void {
    if (this.#since === undefined) return;
    const now = this.#clock.now();
    this.#slot += now - this.#since;
    this.#spent += now - this.#since;
    this.#since = now;
  }

  readonly #readDone = (): void => {
    this.#account();
    this.#since = undefined;
  };

  readonly #endTurn = (): void => {
    this.#readDone();
    const now = this.#clock.now();
    // A read may bring the end of a message, or none: one of them tells little of the next.
    this.#slotsBefore += (this.#slots - this.#slotsBefore) * FORGETS;
    this.#spentBefore += (this.#spent - this.#spentBefore) * FORGETS;
    // Where all else takes long by itself, this may take half as long: no socket waits for ever.
    const time = Math.max(TURN, (now - this.#turnBegan - this.#spent) / 2);
    const inTime = (time * this.#slotsBefore) / this.#spentBefore;
    const going = this.#waiting.splice(0, Math.max(1, Math.floor(inTime)));
    this.#running = this.#slots > 0 || going.length > 0;
    this.#turnBegan = now;
    this.#last = undefined;
    this.#slots = 0;
    this.#spent = 0;
    if (this.#running) this.#clock.afterTurn(this.#endTurn);
    // Each in its own tick, since a listener of one may throw.
    for (const who of going) nextTick(goOn, who);
  };
}

function goOn(who: Bulk): void {
  who.goOn();
}

// Captured when loaded, so that fake timers that a test installs later do not stop our reading.
const { queueMicrotask } = globalThis;
const { nextTick } = process;
const now = performance.now.bind(performance);

/** The one scheduler of this process. */
export const readingTurns: ReadingTurns = new ReadingTurns({
  now,
  // Microtasks come before ticks that they have asked for.
  afterRead: (callback) => queueMicrotask(() => nextTick(callback)),
  afterTurn: (callback) => void forAll(() => setImmediate(callback)),
});
