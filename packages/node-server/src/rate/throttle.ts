import { type Driver, PauseReason } from '@ws/connection';
import { clock } from '../runtime/clock.ts';
import type { RateLimit } from './rate-limit.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * Keeps what is read of one connection to its rate: reading pauses until what was too much is made up for, and TCP
 * makes the client wait. Nothing is lost, and a message may be of any size.
 */
export class Throttle {
  readonly #driver: Driver;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  /** When reading goes on; 0: it has not stopped. */
  #until = 0;
  #stop: (() => void) | undefined;
  /** The connection closes, and its client has sent more than the rate: no message is delivered any more. */
  #drops = false;

  constructor(driver: Driver, { messages, bytes }: RateLimit) {
    const now = performance.now();
    this.#driver = driver;
    if (messages !== undefined) this.#messages = new TokenBucket(messages, now);
    if (bytes !== undefined) this.#bytes = new TokenBucket(bytes, now);
  }

  /** Counts a message that was received. Returns whether it may be delivered. */
  message(): boolean {
    if (!this.#drops) this.#take(this.#messages, 1);
    return !this.#drops;
  }

  /** Counts bytes that were received. */
  bytes(count: number): void {
    this.#take(this.#bytes, count);
  }

  /** Stops, since the connection is over. */
  stop(): void {
    this.#stop?.();
  }

  /**
   * Takes from a bucket, and stops reading where it is empty. A connection that this end closes has time limits, and the
   * client's Close to wait for: there, what is over the rate is dropped, and what comes behind it. A client that is lost
   * cannot be made to wait, and gets no further by that: with what is over the rate, it ends.
   */
  #take(bucket: TokenBucket | undefined, count: number): void {
    if (bucket === undefined) return;
    const now = performance.now();
    const wait = bucket.take(count, now);
    if (wait === 0) return;
    if (this.#driver.state !== 'open') {
      this.#drops = true;
      // Its Close, which may stand behind, would tell of an end that nothing is missing before.
      if (this.#driver.keepsUntaken) this.#driver.terminate();
      return;
    }
    if (now + wait <= this.#until) return;
    this.#until = now + wait;
    this.#stop?.();
    this.#driver.pause(PauseReason.Rate);
    this.#stop = clock.after(Math.ceil(wait), () => {
      this.#until = 0;
      this.#driver.resume(PauseReason.Rate);
    });
  }
}
