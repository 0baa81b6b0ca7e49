import { clock } from '../runtime/clock.ts';
import { callEach } from '../runtime/rethrow.ts';

/** A response that waits for the end of the turn. */
export interface WaitingResponse {
  uncork(): void;
}

/**
 * How long the first response may wait, in milliseconds: others are accepted meanwhile, and their listeners may take
 * long.
 */
const WAIT = 1;

let waiting: WaitingResponse[] = [];
/** When the first of the waiting responses was written. */
let since: number | undefined;

/** Notes that a response was written; `leaveSoon` follows when the application has been told. */
export function responded(): void {
  since ??= performance.now();
}

/**
 * Uncorks a response when the turn of the event loop is over: it leaves with what there is to be sent, such as a
 * greeting, and among the writes of other connections. A client that wakes up for each single write costs more than the
 * write.
 */
export function leaveSoon(response: WaitingResponse): void {
  if (waiting.push(response) === 1) clock.defer(uncorkAll);
  if (since !== undefined && performance.now() - since > WAIT) uncorkAll();
}

function uncorkAll(): void {
  const batch = waiting;
  waiting = [];
  since = undefined;
  // A stream of the application may throw when it is written to: the other responses are written.
  callEach(batch, (response) => response.uncork());
}
