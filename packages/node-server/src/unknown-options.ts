import { warnOfNames } from '@ws/connection';
import { OPTIONS } from './own-options.ts';

/** Options of `ws` that mean nothing here, as the README says: its users need not be warned. */
const OF_WS =
  /^(WebSocket|allowSynchronousEvents|autoPong|clientTracking|maxBufferedChunks|maxFragments|maxPendingAutoPongs|skipUTF8Validation)$/;

/** Warns of unknown options: a misspelt `allowedOrigins` would let every origin in without a word. */
export function warnOfUnknown(given: object): void {
  const options = Object.fromEntries(Object.entries(given).filter(([name]) => !OF_WS.test(name)));
  warnOfNames('WebSocketServer', options, Object.keys(OPTIONS), (warning) => process.emitWarning(warning));
}
