import type { Clock } from '@ws/connection';

/** Deno has `setImmediate` beside the timers of the web; where it is missing, a timer does. */
const { setImmediate = (callback: () => void) => setTimeout(callback, 0) } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
};

/**
 * When the loop never idles, tokio polls I/O only every 61 turns. If 5 ms have passed without a poll, let up to 61
 * empty turns (at most 1 ms) go by to force one.
 */
const TURNS_TO_POLL = 61;
const POLL_AFTER = 5;
const POLL_AT_MOST = 1;

let waiting: (() => void)[] = [];
let polled = performance.now();
/** How many empty turns are still to go by. */
let polling = 0;

function turn(): void {
  const now = performance.now();
  if (polling === 0 && now - polled > POLL_AFTER) {
    polling = TURNS_TO_POLL;
    polled = now;
  }
  if (polling > 0) {
    polling--;
    if (polling > 0 && now - polled < POLL_AT_MOST) {
      setImmediate(turn);
      return;
    }
    polling = 0;
    polled = now;
  }
  const callbacks = waiting;
  waiting = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      // A connection of the application's that throws when it is written to: the others go on.
      reportError(error);
    }
  }
}

/**
 * Calls back once the connections that have something to read have been read, and those that take the messages have had
 * their turn.
 */
export function afterTurn(callback: () => void): void {
  if (waiting.push(callback) === 1) setImmediate(turn);
}

/** Calls back once I/O was polled, however long that takes: a timer that is late may be so by a little more. */
function afterPoll(callback: () => void, turns: number = TURNS_TO_POLL): void {
  setImmediate(() => (turns > 0 ? afterPoll(callback, turns - 1) : callback()));
}

/**
 * Deno's time. One immediate for all connections: what a turn of the event loop sends to one of them leaves in one
 * write. A timer waits for what is to be read as well: after a block of the event loop Deno calls timers first, and
 * would judge a client whose answer has come.
 */
export const clock: Clock = {
  after(ms, callback) {
    let stopped = false;
    const act = (): void => {
      if (!stopped) callback();
    };
    const timer = setTimeout(() => afterPoll(act), ms);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  },
  defer: afterTurn,
};
