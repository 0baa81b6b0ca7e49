import type { Clock } from '../driver/transport.ts';
import { checkMethods } from '../options/methods.ts';

/** The globals of every runtime of today that a driver needs: `globalThis` has them. */
export interface Runtime {
  /** Calls back once, after this many milliseconds; returns what stands for the timer. */
  setTimeout(callback: () => void, ms: number): unknown;
  /** Stops a timer, if it still runs. */
  clearTimeout(timer: unknown): void;
  /** For the masking keys of a client. */
  readonly crypto: RandomSource;
}

/** The function of the Web Crypto API that is used here. */
export interface RandomSource {
  /** Fills the array with numbers that cannot be foreseen. */
  getRandomValues(array: Int32Array<ArrayBuffer>): unknown;
}

/**
 * A clock out of the timers of a runtime. What is deferred runs as a microtask: after all that was read at once has
 * been delivered. Where a runtime has something that also waits for the other sockets (`setImmediate`), a clock of
 * one's own makes fewer writes.
 *
 * @throws TypeError for a runtime without timers
 */
export function clockOf(runtime: Runtime): Clock {
  checkMethods(runtime, 'runtime', ['setTimeout', 'clearTimeout']);
  // Browsers' timers are called without a `this`, or with their own global as `this`; not with an object of the caller.
  const { setTimeout: start, clearTimeout: stop } = runtime;
  return {
    after(ms, callback) {
      const timer = start(callback, ms);
      return () => stop(timer);
    },
    defer(callback) {
      Promise.resolve().then(callback);
    },
  };
}

/**
 * Masking keys must be unforeseeable (RFC 6455, section 5.3); they are asked for this many at a time, since each
 * request costs a microsecond.
 */
const KEYS = 64;

/**
 * A source of masking keys out of a runtime's random numbers; none of them is used twice.
 *
 * @throws TypeError for a runtime without random numbers
 */
export function maskingKeysOf({ crypto: source }: Runtime): () => number {
  checkMethods(source, 'the crypto of the runtime', ['getRandomValues']);
  const keys = new Int32Array(KEYS);
  let used = KEYS;
  return () => {
    if (used === KEYS) {
      source.getRandomValues(keys);
      used = 0;
    }
    return keys[used++]!;
  };
}
