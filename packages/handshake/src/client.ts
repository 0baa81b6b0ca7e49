import { acceptKey } from './accept-key.ts';
import { encodeBase64 } from './base64.ts';
import { checkBytes } from './check.ts';
import { HandshakeError, type HandshakeReason, quote } from './error.ts';
import { parseExtensions, serializeExtensions } from './extensions.ts';
import { type Headers, headerValues, readExtraFields } from './fields.ts';
import { canUpgrade, type RequestHead, type ResponseHead, WEBSOCKET_VERSION } from './head.ts';
import { checkExtensions, type ExtensionOffers, type Negotiated, type NegotiatedExtension } from './negotiation.ts';
import { serializeOrigin } from './origin.ts';
import { LISTS_UPGRADE, readUniqueTokens } from './tokens.ts';
import { parseWebSocketUrl, type WebSocketUrl } from './websocket-url.ts';

/** The options of a client's request. */
export interface UpgradeOptions<E = unknown> {
  /** Called once for 16 bytes that cannot be guessed, such as crypto.getRandomValues gives. */
  readonly random: () => Uint8Array;
  /** The subprotocols in order of preference, each once. Default: none. */
  readonly subprotocols?: readonly string[] | undefined;
  /** The extensions in order of preference. Default: none. */
  readonly extensions?: readonly ExtensionOffers<E>[] | undefined;
  /**
   * The Origin as a browser writes it: `https://example.com`, or `null`. Default: none, as for every client that is no
   * browser.
   */
  readonly origin?: string | undefined;
  /** More header fields: Authorization, Cookie, User-Agent ... Default: none. */
  readonly headers?: Headers | undefined;
}

/** A request on its way, and the values by which its answer is judged. */
export interface PendingUpgrade<E = unknown> extends WebSocketUrl {
  /** Write `serializeHead(request)`. */
  readonly request: RequestHead;
  /** The value of Sec-WebSocket-Key. */
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly extensions: readonly ExtensionOffers<E>[];
}

/**
 * The request of RFC 6455 section 4.1.
 *
 * @throws TypeError for a URL, a subprotocol, an extension or a header field that is not legal, and when `random` does
 * not give 16 bytes.
 */
export function createUpgrade<E>(
  url: string | { readonly href: string },
  options: UpgradeOptions<E>,
): PendingUpgrade<E> {
  const location = parseWebSocketUrl(url);
  const subprotocols = readUniqueTokens(options.subprotocols ?? [], 'subprotocols');
  const extensions = checkExtensions(options.extensions ?? [], 'verify');
  const offers = extensions.flatMap(({ name, offers }) => offers.map((parameters) => ({ name, parameters })));
  const extra = readExtraFields(options.headers, /^(host|origin)$/i);
  const nonce = options.random();
  checkBytes('random()', nonce);
  if (nonce.length !== 16) throw new TypeError('random() must be a Uint8Array of 16 bytes');
  const key = encodeBase64(nonce);

  const headers: (readonly [string, string])[] = [
    ['Host', location.authority],
    ['Upgrade', 'websocket'],
    // With a capital U: there are servers that compare it so.
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', WEBSOCKET_VERSION],
  ];
  if (options.origin !== undefined) headers.push(['Origin', serializeOrigin(options.origin)]);
  if (subprotocols.length) headers.push(['Sec-WebSocket-Protocol', subprotocols.join(', ')]);
  if (offers.length) headers.push(['Sec-WebSocket-Extensions', serializeExtensions(offers)]);
  headers.push(...extra);
  const request = { method: 'GET', target: location.target, httpVersion: '1.1', headers };
  return { ...location, request, key, subprotocols, extensions };
}

/**
 * Judges the answer by RFC 6455 section 4.1. Never throws for a response.
 */
export function verifyUpgrade<E>(
  response: ResponseHead,
  pending: PendingUpgrade<E>,
): { readonly ok: true; readonly negotiated: Negotiated<E> } | { readonly ok: false; readonly error: HandshakeError } {
  const { status, headers, httpVersion } = response;
  const values = (name: string) => headerValues(headers, name);
  const fail = (
    reason: HandshakeReason,
    message: string,
    details: { cause?: unknown; offset?: number | undefined } = {},
  ) => ({ ok: false, error: new HandshakeError(reason, message, { status, headers, ...details }) }) as const;

  if (status !== 101) return fail('status-not-101', `The server answered ${status} ${response.reason}`.trim());
  if (!canUpgrade(httpVersion)) return fail('http-version-unsupported', `The answer 101 is of HTTP/${httpVersion}`);
  const upgrades = values('upgrade');
  if (upgrades.length !== 1 || !/^websocket$/i.test(upgrades[0]!)) {
    return fail('upgrade-missing', 'The answer 101 lacks the header Upgrade: websocket, or has more than that');
  }
  if (!values('connection').some((list) => LISTS_UPGRADE.test(list))) {
    return fail('connection-missing', 'The answer 101 lacks the header Connection: Upgrade');
  }
  const accepts = values('sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== acceptKey(pending.key)) {
    return fail(
      'accept-mismatch',
      'Sec-WebSocket-Accept does not belong to our key: this is no WebSocket server, or an old answer',
    );
  }
  const subprotocols = values('sec-websocket-protocol');
  const subprotocol = subprotocols[0];
  if (subprotocols.length > 1 || (subprotocol !== undefined && !pending.subprotocols.includes(subprotocol))) {
    return fail(
      'subprotocol-unexpected',
      `The server chose the subprotocol ${quote(subprotocols.join(', '))}: expected one of those offered`,
    );
  }
  const fields = values('sec-websocket-extensions');
  if (fields.length > 1) return fail('extensions-malformed', 'The answer has Sec-WebSocket-Extensions more than once');
  const parsed = parseExtensions(fields[0] ?? '');
  if ('error' in parsed) return fail('extensions-malformed', parsed.error.message, { offset: parsed.error.offset });
  const negotiated: NegotiatedExtension<E>[] = [];
  for (const { name, parameters } of parsed.extensions) {
    const offered = pending.extensions.find((extension) => extension.name === name);
    if (!offered?.offers.length || negotiated.some((taken) => taken.name === name)) {
      return fail(
        'extension-unexpected',
        `The server chose the extension ${quote(name)}: expected those offered, each at most once`,
      );
    }
    let extension: E | undefined;
    let cause: unknown;
    try {
      extension = offered.verify(parameters);
    } catch (error) {
      cause = error;
    }
    if (extension === undefined) {
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      return fail(
        'extension-unacceptable',
        `The parameters of ${serializeExtensions([{ name, parameters }])} are not acceptable${why}`,
        { cause },
      );
    }
    negotiated.push({ name, parameters, extension });
  }
  return { ok: true, negotiated: { subprotocol: subprotocol ?? '', extensions: negotiated } };
}
