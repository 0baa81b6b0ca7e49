import { afterTurn } from './clock.ts';

/**
 * How long the connections that much is read from go on in one turn of the event loop, in milliseconds: all others wait
 * for them.
 */
const TURN = 1;

/** How fast the estimated cost of a connection falls: by 1/32 of the difference a turn. */
const FORGETS = 1 / 32;

/** A connection that much is read from. */
export interface Bulk {
  /** Its turn has come. */
  goOn(): void;
}

/**
 * Shares the event loop between the connections that much is read from, and all else. Deno reads a connection on for as
 * long as there is something to read, over TCP 128 times in a row and over TLS for ever, and nothing else happens
 * meanwhile.
 */
class ReadingTurns {
  /** The connections that wait for a turn: first come, first to go on. */
  readonly #waiting: Bulk[] = [];
  #running = false;
  /** How many went on in the last turn, and since when. */
  #going = 0;
  #began = 0;
  /** How long one of them takes in a turn, in milliseconds. */
  #cost = TURN;

  /** Waits for a turn. */
  wait(who: Bulk): void {
    this.#waiting.push(who);
    if (this.#running) return;
    this.#running = true;
    afterTurn(this.#turn);
  }

  /** Takes out a connection that is gone. */
  leave(who: Bulk): void {
    const at = this.#waiting.indexOf(who);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  readonly #turn = (): void => {
    const now = performance.now();
    this.#account(now);
    if (this.#waiting.length > 0) {
      const going = this.#waiting.splice(0, Math.max(1, Math.floor(TURN / this.#cost)));
      this.#began = now;
      this.#going = going.length;
      for (const who of going) who.goOn();
      afterTurn(this.#turn);
    } else this.#running = false;
  };

  /** A turn is over, and all that was read in it is done with, also by those who take messages by promises. */
  #account(now: number): void {
    if (this.#going === 0) return;
    const cost = (now - this.#began) / this.#going;
    this.#cost = Math.max(cost, this.#cost + (cost - this.#cost) * FORGETS);
    this.#going = 0;
  }
}

/** The one scheduler of this process. */
export const readingTurns: ReadingTurns = new ReadingTurns();
