import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A response as Node has it inside. */
interface Inside extends ServerResponse {
  /** Its head says that the connection ends with it. */
  readonly _last?: boolean;
}

/**
 * The response to an earlier pipelined request that is unanswered, if there is one: Node emits 'upgrade' without
 * waiting. Once its head is sent it counts as answered, unless it ends the connection.
 */
export function openResponse(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  const { _httpMessage: open } = socket as { readonly _httpMessage?: Inside | null };
  // One that somebody has made for the upgrade itself is another.
  if (open?.req === undefined || open.req === request) return undefined;
  return open.headersSent && open._last !== true ? undefined : open;
}
