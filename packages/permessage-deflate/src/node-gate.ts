/** After a long work, so many of the others have their turn before the next long one. */
const SHORT_IN_A_ROW = 32;

/** Lets a number in at a time; the others wait their turn. Long works wait apart, and hold up few of the others. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #long: (() => void)[] = [];
  /** How many more of those that are not long come before the next long one. */
  #shortLeft = 0;

  constructor(places: number) {
    this.#free = places;
  }

  /** Whether one is let in without waiting. */
  get isOpen(): boolean {
    return this.#free > 0;
  }

  async run<T>(work: () => Promise<T>, isLong = false): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => (isLong ? this.#long : this.#waiting).push(resolve));
    if (isLong) this.#shortLeft = SHORT_IN_A_ROW;
    try {
      return await work();
    } finally {
      // A place is handed on, and not taken by whoever comes first.
      const next = this.#next();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #next(): (() => void) | undefined {
    if (this.#long.length === 0 || (this.#waiting.length > 0 && this.#shortLeft > 0)) {
      this.#shortLeft--;
      return this.#waiting.shift();
    }
    return this.#long.shift();
  }
}
