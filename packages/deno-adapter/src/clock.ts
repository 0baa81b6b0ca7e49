import type { Clock } from '@ws/connection';

/** Deno has it beside the timers of the web; where it is missing, a timer does. */
const { setImmediate = (callback: () => void) => setTimeout(callback, 0) } = globalThis as {
  setImmediate?: (callback: () => void) => unknown;
};

/** Where a loop is never idle, the runtime under Deno (tokio) looks for what has come from outside once in so many of its turns. */
const TURNS_TO_LOOK = 61;

/** It is made to look after so many milliseconds: a look costs a twentieth of one. If it takes longer than that, others have turns as well: they go by. */
const LOOK_AFTER = 5;
const LOOK_AT_MOST = 1;

let waiting: (() => void)[] = [];
let looked = performance.now();
/** So many turns are still to go by. */
let looking = 0;

function turn(): void {
  const now = performance.now();
  if (looking === 0 && now - looked > LOOK_AFTER) {
    looking = TURNS_TO_LOOK;
    looked = now;
  }
  if (looking > 0) {
    looking--;
    if (looking > 0 && now - looked < LOOK_AT_MOST) {
      setImmediate(turn);
      return;
    }
    looking = 0;
    looked = now;
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

/** Calls back once the connections that have something to read have been read, and those who take the messages have had their turn. */
export function afterTurn(callback: () => void): void {
  if (waiting.push(callback) === 1) setImmediate(turn);
}

/** Deno's time. One immediate for all connections: what a turn of the event loop sends to one of them leaves in one write. */
export const clock: Clock = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  defer: afterTurn,
};
