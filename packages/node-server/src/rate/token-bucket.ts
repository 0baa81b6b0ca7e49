/**
 * A bucket that gets a number of tokens a second, and holds one second's worth. Time is `performance.now()`, in
 * milliseconds.
 */
export class TokenBucket {
  readonly #rate: number;
  #tokens: number;
  #at: number;

  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#tokens = rate;
    this.#at = now;
  }

  /** Takes a token if there is one. */
  tryTake(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes that many tokens, on credit if need be. Returns after how many milliseconds the debt is paid. */
  take(count: number, now: number): number {
    this.#fill(now);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#rate;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#rate, this.#tokens + (Math.max(0, now - this.#at) * this.#rate) / 1000);
    this.#at = now;
  }
}

/** Keeps a bucket for each of any number of names. One that was not asked for a second is full, and forgotten. */
export class TokenBuckets {
  readonly #rate: number;
  #recent = new Map<string, TokenBucket>();
  #before = new Map<string, TokenBucket>();
  #since: number;

  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#since = now;
  }

  /** How many names are remembered: those of the last two seconds at the most. */
  get size(): number {
    return this.#recent.size + this.#before.size;
  }

  /** Takes a token from the bucket of a name if there is one. */
  tryTake(name: string, now: number): boolean {
    if (now - this.#since >= 1000) {
      this.#before = now - this.#since < 2000 ? this.#recent : new Map();
      this.#recent = new Map();
      this.#since = now;
    }
    let bucket = this.#recent.get(name);
    if (bucket === undefined) {
      bucket = this.#before.get(name) ?? new TokenBucket(this.#rate, now);
      this.#before.delete(name);
      this.#recent.set(name, bucket);
    }
    return bucket.tryTake(now);
  }
}
