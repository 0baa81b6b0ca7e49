import { setImmediate } from 'node:timers';

/**
 * How long after the first of them messages are decompressed at once in one turn of the event loop, in milliseconds:
 * enough for a thousand short ones. A few bytes of a client's can be the work of microseconds, and all else waits.
 */
const AT_ONCE_FOR = 5;

// Captured when loaded, so that fake timers that a test installs later do not stop it.
const now = performance.now.bind(performance);

/** Spreads what is done at once over turns of the event loop. */
export class Turn {
  readonly #now: () => number;
  #began: number | undefined;
  readonly #waiting: (() => void)[] = [];

  /** @param clock the time in milliseconds */
  constructor(clock: () => number = now) {
    this.#now = clock;
  }

  /** Does it now, if this turn has the time; else in a later one, first come first served. */
  run<T>(work: () => T | Promise<T>): T | Promise<T> {
    if (this.#waiting.length === 0 && this.#hasTime()) return work();
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #hasTime(): boolean {
    if (this.#began !== undefined) return this.#now() - this.#began < AT_ONCE_FOR;
    this.#began = this.#now();
    setImmediate(this.#over);
    return true;
  }

  readonly #over = (): void => {
    this.#began = undefined;
    while (this.#waiting.length > 0 && this.#hasTime()) this.#waiting.shift()!();
  };
}
