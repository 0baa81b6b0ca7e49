import { HandshakeError } from './error.ts';
import { headerValues } from './fields.ts';
import type { RequestHead } from './head.ts';
import { AUTHORITY } from './host.ts';
import { isVisible, LISTS_WEBSOCKET } from './tokens.ts';

/*
 * These read a request, whatever it is for: a handshake is judged by them, and a server sorts its requests.
 */

const HOST_FIELD = /* @__PURE__ */ new RegExp(`^${AUTHORITY}$`, 'i');

/** A path, or a URL for proxies; neither has a fragment (RFC 9112, sections 3.2.1 and 3.2.2). */
const TARGET = /* @__PURE__ */ new RegExp(`^(/|(http|ws)s?://${AUTHORITY}(?![^/?]))[^#]*$`, 'i');

/** The part before the path in a target that is a whole URL. */
const ORIGIN = /^(http|ws)s?:\/\/[^/?#]*/i;

/** Whether a request names `websocket` in its Upgrade, alone or among others: it may be a bad handshake still. */
export function asksForWebSocket({ headers }: Pick<RequestHead, 'headers'>): boolean {
  return headerValues(headers, 'upgrade').some((list) => LISTS_WEBSOCKET.test(list));
}

/** Whether a body follows a request, or a proxy might think so. */
export function hasBody({ headers }: Pick<RequestHead, 'headers'>): boolean {
  return (
    headerValues(headers, 'transfer-encoding').length > 0 ||
    headerValues(headers, 'content-length').some((length) => length !== '0')
  );
}

/** The one Host of a request, if that is a host or host:port (RFC 9112, section 3.2); else undefined. */
export function hostOf({ headers }: Pick<RequestHead, 'headers'>): string | undefined {
  const hosts = headerValues(headers, 'host');
  return hosts.length === 1 && HOST_FIELD.test(hosts[0]!) ? hosts[0] : undefined;
}

/**
 * What is wrong with the Host of a request, if anything is. RFC 9112, section 3.2: the answer is a 400, whatever the
 * request asks for. HTTP/1.0 may go without a Host, but one that is there has to be one.
 */
export function hostError(request: Pick<RequestHead, 'httpVersion' | 'headers'>): HandshakeError | undefined {
  const { httpVersion, headers } = request;
  if (httpVersion < '1.1' && headerValues(headers, 'host').length === 0) return undefined;
  if (hostOf(request) !== undefined) return undefined;
  return new HandshakeError('host-malformed', 'Expected exactly one Host header: host or host:port');
}

/** Whether the target of a request is a path, or a whole URL of http or ws, as a proxy is asked by. */
export function isTarget(target: string): boolean {
  return TARGET.test(target);
}

/** The path of a target, without its query. Whether it is a target, {@link isTarget} says. */
export function pathOf(target: string): string {
  return target.replace(ORIGIN, '').split('?', 1)[0] || '/';
}

/**
 * Checks a path that requests are to have, as an owner of a server says it.
 *
 * @throws TypeError for what no request can have
 */
export function checkPath(path: unknown): asserts path is string {
  if (isVisible(path) && /^\/[^?#]*$/.test(path)) return;
  throw new TypeError(
    `path must be a string that starts with "/", in visible ASCII and without ? and #, got ${JSON.stringify(path)}`,
  );
}
