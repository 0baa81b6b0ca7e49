import { setImmediate } from 'node:timers';

/** A read that brings so many bytes may have more behind it: Node reads one socket up to 32 times, 64 KiB each, before it looks at another. */
export const MUCH = 16_384;

/** How long such reads, and what is made of them, may take in one turn of the event loop, in milliseconds: all others wait for it. */
const TURN = 1;

/** How long one socket may go on while others wait for theirs, in milliseconds: to give way, and to go on, costs a tenth of it. */
const SLOT = 0.25;

/** How much of what earlier turns have taken each turn forgets. */
const FORGETS = 1 / 8;

/** A socket that much is read from. */
export interface Bulk {
  /** Its turn has come. */
  goOn(): void;
}

/** Time as the turns see it. */
export interface TurnClock {
  /** In milliseconds. */
  now(): number;
  /** Calls back once the sockets have been read that can be read now. */
  afterTurn(callback: () => void): void;
}

/**
 * Shares the event loop between the sockets that much is read from, and all else: in each turn as many of them are read as have the time,
 * one after the other in their order. What a read has led to is its own until the next read of any socket: listeners may be asynchronous.
 */
export class ReadingTurns {
  readonly #clock: TurnClock;
  /** First come, first to go on. */
  #waiting: Bulk[] = [];
  /** The end of the turn is waited for. */
  #running = false;
  #turnBegan = 0;
  /** The socket that was read last, if it was much, since when, and how long it has been going on in this turn. */
  #current: Bulk | undefined;
  #since = 0;
  #slot = 0;
  /** Of this turn: how many sockets much was read from, and how long it took. */
  #slots = 0;
  #spent = 0;
  /** The same of the turns before, of which each counts for less than the one after it. */
  #slotsBefore = 0;
  #spentBefore = 0;

  constructor(clock: TurnClock) {
    this.#clock = clock;
  }

  /** Little was read, from any socket. */
  readLittle(): void {
    if (this.#current !== undefined) this.#account(undefined);
  }

  /** Much was read from a socket. */
  readMuch(who: Bulk): void {
    this.#account(who);
    if (this.#running) return;
    this.#running = true;
    this.#turnBegan = this.#since;
    this.#clock.afterTurn(() => this.#endTurn());
  }

  /** That was delivered. Returns whether the socket gives way now; it is told when to go on. */
  givesWay(who: Bulk): boolean {
    this.#account(who);
    if (this.#spent <= TURN && (this.#waiting.length === 0 || this.#slot <= SLOT)) return false;
    this.#waiting.push(who);
    return true;
  }

  #account(next: Bulk | undefined): void {
    const now = this.#clock.now();
    if (this.#current !== undefined) {
      this.#slot += now - this.#since;
      this.#spent += now - this.#since;
    }
    if (next !== undefined && next !== this.#current) {
      this.#slots++;
      this.#slot = 0;
    }
    this.#current = next;
    this.#since = now;
  }

  #endTurn(): void {
    this.#account(undefined);
    const now = this.#since;
    // A read may bring the end of a message, or none: one of them tells little of the next.
    this.#slotsBefore += (this.#slots - this.#slotsBefore) * FORGETS;
    this.#spentBefore += (this.#spent - this.#spentBefore) * FORGETS;
    // Where all else takes long by itself, this may take half as long: nobody is kept waiting for ever.
    const time = Math.max(TURN, (now - this.#turnBegan - this.#spent) / 2);
    const inTime = (time * this.#slotsBefore) / this.#spentBefore;
    const going = this.#waiting.splice(0, Math.max(1, Math.floor(inTime)));
    this.#running = this.#slots > 0 || going.length > 0;
    this.#turnBegan = now;
    this.#slots = 0;
    this.#spent = 0;
    if (this.#running) this.#clock.afterTurn(() => this.#endTurn());
    // Each by itself, since a socket may be of somebody who throws.
    for (const who of going) process.nextTick(goOn, who);
  }
}

function goOn(who: Bulk): void {
  who.goOn();
}

/** Those of this process. Timers that a test has put in the place of the globals do not turn. */
export const readingTurns: ReadingTurns = new ReadingTurns({
  now: () => performance.now(),
  afterTurn: (callback) => void setImmediate(callback),
});
