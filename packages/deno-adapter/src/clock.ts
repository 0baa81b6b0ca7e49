import type { Clock } from '@ws/connection';

/** Deno has it beside the timers of the web; where it is missing, a timer does. */
const { setImmediate = (callback: () => void) => setTimeout(callback, 0) } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
};

let deferred: (() => void)[] = [];

function run(): void {
  const callbacks = deferred;
  deferred = [];
  for (const callback of callbacks) callback();
}

/**
 * Deno's time. What is deferred runs after the connections that have something to read have been read, and after those
 * who take the messages have had their turn: one immediate for all connections, so that what a turn of the event loop
 * sends to one of them leaves in one write.
 */
export const clock: Clock = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  defer(callback) {
    if (deferred.push(callback) === 1) setImmediate(run);
  },
};
