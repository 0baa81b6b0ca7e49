import type { PreparedMessage, PrepareOptions } from '@ws/connection';
import { driverOf, type WebSocket } from './websocket.ts';

/** Whom a broadcast reaches, and how its data is sent; what is prepared already has the latter. */
export interface BroadcastOptions<Context = unknown> extends PrepareOptions {
  /** Not to these: the one from whom it came, say. */
  readonly except?: WebSocket | Iterable<WebSocket> | undefined;
  /** Only to those for which it returns true. */
  readonly filter?: ((client: WebSocket<Context>) => boolean) | undefined;
}

/** Sends a message to those of the clients that are open and wanted. Returns how many they were. */
export function broadcast<Context>(
  clients: Iterable<WebSocket<Context>>,
  message: PreparedMessage,
  options: BroadcastOptions<Context>,
): number {
  const { except = [], filter } = options;
  const left = new Set<WebSocket>(Symbol.iterator in except ? except : [except]);
  // All are chosen before any is sent to: a filter that throws leaves nothing half done.
  const chosen: WebSocket<Context>[] = [];
  for (const client of clients) {
    if (client.readyState !== client.OPEN || left.has(client) || driverOf(client).insideMessage) continue;
    if (filter === undefined || filter(client)) chosen.push(client);
  }
  for (const client of chosen) client.send(message);
  return chosen.length;
}
