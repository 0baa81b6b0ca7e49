import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type HeaderFields, type RequestHead, refuse } from '@ws/handshake';

/** A request as Node has parsed it, as the handshake reads it: with duplicates, in the order of the wire. */
export function requestHead(request: IncomingMessage): RequestHead {
  const { rawHeaders } = request;
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    httpVersion: request.httpVersion,
    headers,
  };
}

/** The path of a target, which is a path or a whole URL (RFC 9112, section 3.2), without its query. */
export function pathOf(target: string): string {
  const path = target.startsWith('/') ? target : target.replace(/^\w+:\/\/[^/?#]*/, '');
  return path.split('?', 1)[0] || '/';
}

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

/** Node 20 leaves out what is over its limit of header fields, which may be another Host, a body or a proxy's own address. */
export function hasTooManyFields({ rawHeaders, socket }: IncomingMessage): boolean {
  const { server } = socket as { readonly server?: { readonly maxHeadersCount?: number | null } };
  const most = server?.maxHeadersCount ?? 1000;
  return most > 0 && rawHeaders.length >= 2 * most;
}

/** What `emit` has added to the lines of a 101 response; it returns false if nobody could. */
export function addedLines(emit: (lines: string[]) => boolean): HeaderFields {
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  const known = lines.length;
  if (!emit(lines)) return [];
  return lines.slice(known).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()];
  });
}

/** A server on a port of its own speaks nothing but WebSocket. */
export function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = refuse(426).response;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status).end(body);
}

/** A http server. An `import` of node:http reads each of its exports, and one of those loads the HTTP client behind `fetch`: 3 MB of heap from Node 22 on. */
export function createHttpServer(listener: RequestListener): Server {
  return process.getBuiltinModule('node:http').createServer(listener);
}
