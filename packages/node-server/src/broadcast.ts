import { kindOf, type PreparedMessage, type PrepareOptions } from '@ws/connection';
import { answerAtOnce } from './runtime/answer-at-once.ts';
import { driverOf, type WebSocket } from './websocket.ts';

/** Whom a broadcast reaches, and how its data is sent; what is prepared already has the latter. */
export interface BroadcastOptions<Context = unknown> extends PrepareOptions {
  /** Clients that are left out, such as the sender. */
  readonly except?: WebSocket | Iterable<WebSocket> | undefined;
  /** Chooses clients: those for which it returns true. */
  readonly filter?: ((client: WebSocket<Context>) => boolean) | undefined;
}

/** Sends a message to those of the clients that are open and wanted. Returns how many they were. */
export function broadcast<Context>(
  clients: Iterable<WebSocket<Context>>,
  message: PreparedMessage,
  options: BroadcastOptions<Context>,
): number {
  const { except, filter } = options;
  if (except !== undefined && (typeof except !== 'object' || except === null)) {
    throw new TypeError(`except must be a WebSocket, or several, got ${kindOf(except)}`);
  }
  if (filter !== undefined && typeof filter !== 'function') {
    throw new TypeError(`filter must be a function, got ${kindOf(filter)}`);
  }
  const excluded = new Set<WebSocket>(except === undefined ? [] : Symbol.iterator in except ? except : [except]);
  const isMeant = (client: WebSocket) => canBeSent(client) && !excluded.has(client);
  // All are chosen before any is sent to: a filter that throws leaves nothing half done.
  const chosen =
    filter === undefined ? clients : [...clients].filter((client) => isMeant(client) && wants(filter, client));
  let count = 0;
  for (const client of chosen) {
    // The filter, or a callback, may have begun a message on it, or closed it.
    if (!isMeant(client)) continue;
    client.send(message);
    count++;
  }
  return count;
}

function wants<Client>(filter: (client: Client) => boolean, client: Client): unknown {
  return answerAtOnce(filter(client), 'filter must answer at once: what is to be awaited, await before the broadcast');
}

/** Whether a whole message may be sent now. */
function canBeSent(client: WebSocket): boolean {
  return client.readyState === client.OPEN && !driverOf(client).insideMessage;
}
