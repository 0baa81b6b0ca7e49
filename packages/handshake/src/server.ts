import { HandshakeError, type HandshakeReason, quote } from './error.ts';
import { type Extension, parseExtensions, serializeExtensions } from './extensions.ts';
import { type Headers, headerValues, readExtraFields } from './fields.ts';
import { canUpgrade, type RequestHead, type ResponseHead, WEBSOCKET_VERSION } from './head.ts';
import { type Negotiated, negotiateExtensions } from './negotiation.ts';
import { UpgradePolicy } from './policy.ts';
import { type Refusal, refuse } from './refusal.ts';
import { asksForWebSocket, hasBody, hostError, isTarget } from './request.ts';
import { withoutContent } from './response.ts';
import { isToken, LISTS_UPGRADE, listElements } from './tokens.ts';

/** A legal request, and what it asks for. */
export interface UpgradeOffer {
  readonly request: RequestHead;
  /** The value of Sec-WebSocket-Key. */
  readonly key: string;
  /** In the client's order of preference, each once. */
  readonly subprotocols: readonly string[];
  /** In the client's order, whether known or not. */
  readonly extensions: readonly Extension[];
  /** The Origin as sent; undefined: the client is no browser. */
  readonly origin: string | undefined;
}

/** The options that are decided for one request alone. */
export interface CompletionOptions {
  /** A subprotocol in place of the policy's choice: one that was offered, or '' for none. */
  readonly subprotocol?: string | undefined;
  /** More header fields, after the policy's own. */
  readonly headers?: Headers | undefined;
}

/** The answer to a handshake that is done. */
export interface Acceptance<E = unknown> {
  readonly ok: true;
  /** Write `serializeHead(response)`; what follows on the wire is frames. */
  readonly response: ResponseHead;
  readonly negotiated: Negotiated<E>;
}

/**
 * Judges a request by RFC 6455 section 4.2.1 and the policy. Nothing is decided yet but the refusal: what follows may
 * wait for an authentication, and ends with {@link completeUpgrade} or {@link refuse}. Never throws for a request.
 */
export function checkUpgrade(
  request: RequestHead,
  policy: UpgradePolicy,
): { readonly ok: true; readonly offer: UpgradeOffer } | Refusal {
  // A plain object would pass as a policy that allows every origin.
  if (!(policy instanceof UpgradePolicy)) throw new TypeError('expected a policy made by new UpgradePolicy(options)');
  const { method, target, httpVersion, headers } = request;
  const values = (name: string) => headerValues(headers, name);
  const answer = (error: HandshakeError): Refusal => {
    const refusal = refuse(error);
    return method === 'HEAD' ? { ...refusal, response: withoutContent(refusal.response) } : refusal;
  };
  const refuseFor = (reason: HandshakeReason, message: string) => answer(new HandshakeError(reason, message));

  if (!canUpgrade(httpVersion)) {
    return refuseFor(
      'http-version-unsupported',
      `HTTP/${httpVersion}: a WebSocket starts with HTTP/1.1 (behind a proxy, set it to 1.1)`,
    );
  }
  const wrongHost = hostError(request);
  if (wrongHost !== undefined) return answer(wrongHost);
  if (method !== 'GET') return refuseFor('method-not-get', `A WebSocket starts with GET, not ${quote(method)}`);
  if (!isTarget(target)) {
    return refuseFor('target-malformed', `The request target ${quote(target)} is neither a path nor a URL`);
  }
  // The bytes of a body would be read as frames.
  if (hasBody(request)) {
    return refuseFor(
      'body-forbidden',
      'A WebSocket handshake has no body: send neither Transfer-Encoding nor a Content-Length other than 0',
    );
  }
  if (!asksForWebSocket(request)) {
    return refuseFor('upgrade-missing', 'This is a WebSocket endpoint: expected the header Upgrade: websocket');
  }
  if (!values('connection').some((list) => LISTS_UPGRADE.test(list))) {
    return refuseFor(
      'connection-missing',
      'Expected the header Connection: Upgrade (behind a proxy, have it pass Upgrade and Connection on)',
    );
  }
  const versions = values('sec-websocket-version');
  if (versions.length !== 1 || versions[0] !== WEBSOCKET_VERSION) {
    return refuseFor('version-unsupported', `Expected exactly one Sec-WebSocket-Version header: ${WEBSOCKET_VERSION}`);
  }
  const keys = values('sec-websocket-key');
  const key = keys[0];
  // Not judged: the low bits of the 22nd character, which decoders may ignore (RFC 4648 section 3.5).
  if (keys.length !== 1 || key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return refuseFor('key-malformed', 'Expected exactly one Sec-WebSocket-Key header: 16 bytes in base64');
  }
  const origins = values('origin');
  const origin = origins[0];
  if (origins.length > 1) return refuseFor('origin-malformed', 'Expected at most one Origin');
  if (origin === undefined && policy.requireOrigin) return refuseFor('origin-missing', 'Expected an Origin');
  if (origin !== undefined && policy.allowedOrigins?.has(origin) === false) {
    return refuseFor('origin-forbidden', `The origin ${quote(origin)} is not allowed here`);
  }
  const subprotocols = listElements(values('sec-websocket-protocol'));
  const isTwice = subprotocols.length > 1 && new Set(subprotocols).size < subprotocols.length;
  if (isTwice || !subprotocols.every(isToken)) {
    return refuseFor('subprotocols-malformed', 'Sec-WebSocket-Protocol: expected a list of tokens, each once');
  }
  const parsed = parseExtensions(values('sec-websocket-extensions').join(','));
  if ('error' in parsed) return refuse(parsed.error);
  return { ok: true, offer: { request, key, subprotocols, extensions: parsed.extensions, origin } };
}

/**
 * Chooses a subprotocol and extensions and makes the 101 response (RFC 6455 section 4.2.2).
 *
 * @throws TypeError when the chosen subprotocol was not offered, or a header field cannot be written or is the
 * handshake's own.
 */
export function completeUpgrade<E>(
  offer: UpgradeOffer,
  policy: UpgradePolicy<E>,
  options: CompletionOptions = {},
): Acceptance<E> {
  const offered = offer.subprotocols;
  const chosen = () => (offered.length ? policy.selectSubprotocol(offered, offer.request) : '');
  const subprotocol = options.subprotocol ?? chosen() ?? '';
  if (subprotocol !== '' && !offered.includes(subprotocol)) {
    throw new TypeError(`the subprotocol ${JSON.stringify(subprotocol)} was not offered: ${JSON.stringify(offered)}`);
  }
  const extra = readExtraFields(options.headers);
  // Last, since what an extension has agreed to may count for a limit of its own.
  const extensions = negotiateExtensions(offer.extensions, policy.extensions);
  const headers: (readonly [string, string])[] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', policy.acceptKey(offer.key)],
  ];
  if (subprotocol) headers.push(['Sec-WebSocket-Protocol', subprotocol]);
  if (extensions.length) headers.push(['Sec-WebSocket-Extensions', serializeExtensions(extensions)]);
  headers.push(...policy.headers, ...extra);
  return {
    ok: true,
    response: { httpVersion: '1.1', status: 101, reason: 'Switching Protocols', headers },
    negotiated: { subprotocol, extensions },
  };
}

/** {@link checkUpgrade} and {@link completeUpgrade} in one, where nothing has to be awaited in between. */
export function acceptUpgrade<E>(
  request: RequestHead,
  policy: UpgradePolicy<E>,
  options?: CompletionOptions,
): Acceptance<E> | Refusal {
  const checked = checkUpgrade(request, policy);
  return checked.ok ? completeUpgrade(checked.offer, policy, options) : checked;
}
