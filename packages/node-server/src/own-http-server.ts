import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { HandshakeError, hostError, refuse } from '@ws/handshake';
import { requestHead } from './upgrade/request-head.ts';

/**
 * Makes the http server behind the option `port`, which speaks nothing but WebSocket. An `import` of node:http would
 * read each of its exports, and one of those loads the HTTP client behind `fetch`: 3 MB of heap from Node 22 on.
 *
 * @param refused hears of each request that was a handshake until it came here
 */
export function ownHttpServer(refused: (error: HandshakeError, request: IncomingMessage) => void): Server {
  // Of many requests in one packet the first is answered, which ends the connection, and all come here.
  const counted = new WeakSet<object>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const stripped = strippedHandshake(request);
    const refusal = refuse(hostError(requestHead(request)) ?? stripped ?? 426);
    if (stripped !== undefined && !counted.has(request.socket)) {
      counted.add(request.socket);
      refused(refusal.error, request);
    }
    const { status, headers, body } = refusal.response;
    for (const [name, value] of headers) response.setHeader(name, value);
    response.writeHead(status).end(body);
  };
  const server = process.getBuiltinModule('node:http').createServer(answer);
  // By itself Node would ask for the content with a 100, or answer an expectation that it does not know, and go on.
  return server.on('checkContinue', answer).on('checkExpectation', answer);
}

/**
 * What is wrong with a request that was a handshake until a proxy has passed it on without the fields that are for one
 * hop only (RFC 9110, section 7.6.1): those of WebSocket are still there.
 */
function strippedHandshake({ headers }: IncomingMessage): HandshakeError | undefined {
  if (!('sec-websocket-key' in headers || 'sec-websocket-version' in headers)) return undefined;
  return new HandshakeError(
    'upgrade-missing',
    'Expected the headers Upgrade: websocket and Connection: Upgrade: a proxy in front has removed them (have it pass ' +
      'both on, over HTTP/1.1)',
  );
}
