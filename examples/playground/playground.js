import { createServer } from 'node:http';
import { openChat } from './chat.js';
import { openEcho } from './echo.js';
import { servePage } from './http.js';
import { openTaps } from './taps.js';

/**
 * One http server, which serves the page and shares its port with three WebSocket servers, each on a path of its own.
 * It does not listen yet.
 */
export function createPlayground() {
  const http = createServer(servePage);
  const taps = openTaps(http);
  openEcho(http, taps);
  openChat(http);
  return http;
}
