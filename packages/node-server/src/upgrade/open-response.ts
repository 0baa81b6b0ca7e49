import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A response as Node has it inside. */
interface Inside extends ServerResponse {
  /** Its head says that the connection ends with it. */
  readonly _last?: boolean;
}

/**
 * The response to an earlier request on the socket behind which nothing else can stand yet, if there is one: Node tells of an upgrade as soon as it
 * has come. Of one that has begun the client may have all, though Node does not know yet that it has ended; unless the connection ends with it.
 */
export function openResponse(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  const { _httpMessage: open } = socket as { readonly _httpMessage?: Inside | null };
  // One that somebody has made for the upgrade itself is another.
  if (open?.req === undefined || open.req === request) return undefined;
  return open.headersSent && open._last !== true ? undefined : open;
}
