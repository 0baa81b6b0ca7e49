import type { IncomingMessage, ServerResponse } from 'node:http';
import { type RequestHead, refuse } from '@ws/handshake';

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

/** A server on a port of its own speaks nothing but WebSocket. */
export function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = refuse(426).response;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status).end(body);
}
