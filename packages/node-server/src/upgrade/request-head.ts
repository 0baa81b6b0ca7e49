import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '@ws/handshake';

/**
 * Turns a request that Node has parsed into a head that the handshake reads: with duplicates, in the order of the wire.
 * Requests that were made up lack `rawHeaders` (fastify's `injectWS`), for which `headers` is used, with a Host if it
 * has none, or `httpVersion` (those of a process that has handed the socket over).
 */
export function requestHead(request: IncomingMessage): RequestHead {
  const {
    rawHeaders = Object.entries({ host: 'localhost', ...request.headers })
      .flat()
      .map(String),
  } = request;
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion ?? '1.1',
    headers,
  };
}

/**
 * Whether a request may have had more header fields than Node's limit: Node 20 leaves out the others, which may be
 * another Host, a body or a proxy's own address.
 */
export function hasTooManyFields({ rawHeaders, socket }: IncomingMessage): boolean {
  const { server } = (socket ?? {}) as { readonly server?: { readonly maxHeadersCount?: number | null } };
  const most = server?.maxHeadersCount ?? 1000;
  return most > 0 && rawHeaders?.length >= 2 * most;
}
