import { clock, rethrow } from '../runtime/clock.ts';

/** A response that waits for the end of the turn. */
export interface WaitingResponse {
  leave(): void;
}

/** How long the first of them may wait, in milliseconds: others are accepted meanwhile, and their listeners may take long. */
const WAIT = 1;

let waiting: WaitingResponse[] = [];
/** When the first of them was written. */
let since: number | undefined;

/** A response was written, and `leaveSoon` follows when the application has been told. */
export function responded(): void {
  since ??= performance.now();
}

/**
 * Lets a response leave when the turn of the event loop is over: with what there is to be sent, a greeting say, and among the writes of other
 * connections. For a client to wake up for each of them takes longer than what it does then.
 */
export function leaveSoon(response: WaitingResponse): void {
  if (waiting.push(response) === 1) clock.defer(leave);
  if (since !== undefined && performance.now() - since > WAIT) leave();
}

function leave(): void {
  const leaving = waiting;
  waiting = [];
  since = undefined;
  for (const response of leaving) {
    try {
      response.leave();
    } catch (error) {
      // A stream of the application that throws when it is written to: the other responses leave.
      rethrow(error);
    }
  }
}
