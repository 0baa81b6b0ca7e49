/** @import { ClientInfo, Verdict } from '@ws/node-server' */

/**
 * Lets in only pages that this very server has served.
 *
 * A browser lets any page of the web open a WebSocket to any address, 127.0.0.1 included, and the same-origin policy
 * does not hold it back: the server has to look at Origin itself. The playground does not know under which names it is
 * reached (127.0.0.1, localhost, an address in your network), so it compares with the Host that the browser asked for.
 * A server that has something to protect knows its own name: give `allowedOrigins: ['https://example.com']` instead,
 * which a DNS entry that points somebody else's name here does not get around.
 *
 * A client without an Origin is no browser, so that no user's session can be misused by it: it may come in.
 *
 * @param {ClientInfo} info
 * @returns {Verdict}
 */
export function sameOrigin({ origin, req }) {
  if (origin === undefined || hostOf(origin) === req.headers.host) return true;
  return { ok: false, status: 403, body: `The playground is for its own page only, not for one from ${origin}.\n` };
}

/**
 * @param {string} origin "null" for a page in a sandbox
 */
function hostOf(origin) {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
