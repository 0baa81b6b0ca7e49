import { OPTIONS } from './own-options.ts';

/** Options of `ws` that mean nothing here, as the README says: its users need not be warned. */
const OF_WS =
  /^(WebSocket|allowSynchronousEvents|autoPong|clientTracking|maxBufferedChunks|maxFragments|maxPendingAutoPongs|skipUTF8Validation)$/;

/** Names that the process has been warned of. */
const warned = new Set<string>();

/**
 * Warns of names that are no option, once each: a misspelt `allowedOrigins` would let every origin in without a word.
 * It is no error, since libraries hand on options that are for another one.
 */
export function warnOfUnknown(given: object): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || Object.hasOwn(OPTIONS, name) || OF_WS.test(name) || warned.has(name)) continue;
    warned.add(name);
    const known = Object.keys(OPTIONS).join(', ');
    process.emitWarning(`WebSocketServer has no option ${JSON.stringify(name)}, and ignores it; it has ${known}`);
  }
}
