import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The inside of a response of Node, as far as it is used here. */
interface Inside extends ServerResponse {
  /** Whether the head says that the connection ends with the response. */
  readonly _last?: boolean;
}

/**
 * Finds the response to an earlier pipelined request that is unanswered: Node emits 'upgrade' without waiting. One in
 * chunks is answered when it has ended. Any other is once its head is sent, unless it ends the connection: the client
 * may have all of its Content-Length, and only Node knows.
 */
export function openResponse(request: IncomingMessage, socket: Duplex): ServerResponse | undefined {
  const { _httpMessage: open } = socket as { readonly _httpMessage?: Inside | null };
  // A framework may have made a response for the upgrade itself.
  if (open?.req === undefined || open.req === request) return undefined;
  const isWhole = open.writableEnded || !open.chunkedEncoding;
  return open.headersSent && isWhole && open._last !== true ? undefined : open;
}
