import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { refuse } from '@ws/handshake';

/**
 * Makes the http server behind the option `port`, which speaks nothing but WebSocket. An `import` of node:http would
 * read each of its exports, and one of those loads the HTTP client behind `fetch`: 3 MB of heap from Node 22 on.
 */
export function ownHttpServer(): Server {
  return process.getBuiltinModule('node:http').createServer(answerPlainRequest);
}

function answerPlainRequest(_request: IncomingMessage, response: ServerResponse): void {
  const { status, headers, body } = refuse(426).response;
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status).end(body);
}
