// Not the global one: fake timers, which a test may have installed before, must not stop our writes, and jsdom has none.
import { setImmediate } from 'node:timers';
import type { Clock } from '@ws/connection';
import { forAll } from './async-context.ts';
import { callEach } from './rethrow.ts';

let deferred: (() => void)[] = [];

/**
 * With this many connections waiting, as in a broadcast, sockets are polled once more before the writes: that costs
 * little beside them, and what it brings leaves in the same ones. 1.3x the deliveries with 4 broadcasts on their way.
 */
const MANY = 64;

/** Whether sockets were polled once more in this turn. */
let polledAgain = false;

function start(): void {
  setImmediate(run);
}

function run(): void {
  if (deferred.length >= MANY && !polledAgain) {
    polledAgain = true;
    start();
    return;
  }
  polledAgain = false;
  const callbacks = deferred;
  deferred = [];
  // A stream of the application may throw when it is written to: the other connections go on.
  callEach(callbacks, (callback) => callback());
}

/**
 * Node's time. What is deferred runs after the sockets that have something to read have been read: one immediate for
 * all connections, so that what a turn of the event loop sends to one of them leaves in one write. A timer defers as
 * well: after a block of the event loop Node calls timers first, and would judge a client whose answer has come.
 */
export const clock: Clock = {
  after(ms, callback) {
    let stopped = false;
    const act = (): void => {
      if (!stopped) callback();
    };
    const timer = forAll(() => setTimeout(() => clock.defer(act), ms));
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  },
  defer(callback) {
    if (deferred.push(callback) === 1) forAll(start);
  },
};
