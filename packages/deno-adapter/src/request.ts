import { HandshakeError, headerValues, type RequestHead } from '@ws/handshake';

/** uri-host [":" port] (RFC 9112, section 3.2): whatever else a URL may have there would make a path or a user of it. */
const AUTHORITY = /^(\[[\da-f:.]+\]|([\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(:\d*)?$/i;

/** A target that is a whole URL (RFC 9112, section 3.2.2): whether it is secure, its host and port, and the rest. */
const ABSOLUTE_FORM = /^(?:http|ws)(s?):\/\/([^/?#]*)([^#]*)$/i;

/** A request as the web has it, or what is wrong with its Host or its target. */
export function webRequest(head: RequestHead, secure: boolean): Request | HandshakeError {
  const [host = '', ...others] = headerValues(head.headers, 'host');
  const origin = `http${secure ? 's' : ''}://${host}`;
  if (others.length > 0 || !AUTHORITY.test(host) || !URL.canParse(origin)) {
    return new HandshakeError('host-malformed', 'Expected exactly one Host, and that a host or host:port');
  }
  // What is no path stands for the Host as well.
  const text = head.target.startsWith('/') ? origin + head.target : head.target;
  const [, s, authority = '', rest] = ABSOLUTE_FORM.exec(text) ?? [];
  const url = `http${s}://${authority}${rest}`;
  if (!AUTHORITY.test(authority) || !URL.canParse(url)) {
    return new HandshakeError('target-malformed', 'Expected a request target that is a path or a URL of http or ws');
  }
  const headers = new Headers();
  for (const [name, value] of head.headers) headers.append(name, value);
  return new Request(url, { method: head.method, headers });
}

/** Whether a request asks for a WebSocket, rightly or not. */
export function asksForWebSocket(head: RequestHead): boolean {
  return headerValues(head.headers, 'upgrade').some((value) => /(^|[\s,])websocket($|[\s,/])/i.test(value));
}

/** Whether a body follows. */
export function hasBody({ headers }: RequestHead): boolean {
  return (
    headerValues(headers, 'transfer-encoding').length > 0 ||
    headerValues(headers, 'content-length').some((length) => length !== '0')
  );
}

/** What is compared with the option `path`: the target's path, without query. */
export function pathOf({ target }: RequestHead): string {
  const path = ABSOLUTE_FORM.exec(target)?.[3] ?? target;
  return path.split('?', 1)[0] || '/';
}
