import { kindOf } from '@ws/connection';
import { type HeaderFields, type Refusal, type ResponseHead, refuse } from '@ws/handshake';
import { afterTurn } from './clock.ts';

/** Answers a GET or HEAD that asks for no WebSocket: a health check, a page. */
export type RequestHandler = (request: Request) => Response | Promise<Response>;

/** The answer to a client that gets no WebSocket. */
export type Answer = ResponseHead & { readonly body: Uint8Array };

const SPEAKS = 'This port speaks WebSocket (RFC 6455), version 13';

/** The answer to a request for another path. */
export function notFound(): Refusal {
  return refuse(404, { body: `${SPEAKS}, but not at this path.\n` });
}

/**
 * The answer to a request that no handler takes and no handshake can be.
 *
 * @param asksForWebSocket whether it asks for one: a HEAD may ask for a page
 */
export function refusePlain(method: string, asksForWebSocket: boolean): Refusal {
  if (method !== 'GET' && (method !== 'HEAD' || asksForWebSocket)) {
    return refuse(405, { body: `${SPEAKS}, which starts with GET, not with this method.\n` });
  }
  return refuse(426, { body: `${SPEAKS}: connect to it with a WebSocket client.\n` });
}

/** The fields about the connection are not for the maker of a response to decide: every answer ends it. */
const OURS = /^(connection|keep-alive|transfer-encoding|content-length|upgrade|trailer)$/i;
/** What `fetch` has taken off the body of a response already; the field is still there. */
const DECODED_BY_FETCH = /^(gzip|br)$/i;

/**
 * A response of the web as it is written: whole, so a body that never ends is never sent.
 *
 * @param signal cancels the body when no answer is wanted any more, and rejects with its reason
 * @throws TypeError for what is no response that can be sent
 */
export async function answerOf(response: Response, signal: AbortSignal): Promise<Answer> {
  // A hook without a `return`; and `Response.error()`, which stands for an answer that never came.
  if (typeof response !== 'object' || response === null || response.status === 0) {
    const got = response?.status === 0 ? 'Response.error()' : kindOf(response);
    throw new TypeError(`onRequest must answer with a Response, got ${got}`);
  }
  const { status, statusText: reason } = response;
  const body = response.body?.pipeThrough(onceATurn(), { signal });
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  // RFC 9110, section 15.5.22: a 426 must have one. Another may be left from a server that the response was fetched of.
  const upgrade = status === 426 ? response.headers.get('upgrade') : null;
  const headers: HeaderFields = [
    // RFC 9110, section 7.8: a sender of Upgrade names it here too.
    ['Connection', upgrade === null ? 'close' : 'Upgrade, close'],
    ...(upgrade === null ? [] : [['Upgrade', upgrade] as const]),
    // RFC 9110, section 8.6: a 204 has no length, and that of a 304 would be the length of what it does not send.
    ...(status === 204 || status === 304 ? [] : [['Content-Length', String(bytes.length)] as const]),
    ...[...response.headers].filter(([name, value]) => !OURS.test(name) && !isDecoded(response, name, value)),
  ];
  return { httpVersion: '1.1', status, reason, headers, body: bytes };
}

/** Whether a field names a coding that the body has no more: only what `fetch` has made has a URL. */
function isDecoded({ url }: Response, name: string, value: string): boolean {
  return url !== '' && name === 'content-encoding' && DECODED_BY_FETCH.test(value);
}

/** Lets the event loop go on after each chunk: there may be no end of those that are there at once. */
function onceATurn(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    async transform(chunk, controller) {
      controller.enqueue(chunk);
      await new Promise<void>(afterTurn);
    },
  });
}
