import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { hostError, refuse } from '@ws/handshake';
import { requestHead } from './upgrade/request-head.ts';

/**
 * Makes the http server behind the option `port`, which speaks nothing but WebSocket. An `import` of node:http would
 * read each of its exports, and one of those loads the HTTP client behind `fetch`: 3 MB of heap from Node 22 on.
 */
export function ownHttpServer(): Server {
  const server = process.getBuiltinModule('node:http').createServer(answerPlainRequest);
  // By itself Node would ask for the content with a 100, or answer an expectation that it does not know, and go on.
  return server.on('checkContinue', answerPlainRequest).on('checkExpectation', answerPlainRequest);
}

function answerPlainRequest(request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = refuse(hostError(requestHead(request)) ?? 426).response;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status).end(body);
}
