import { headerValues, type RequestHead } from '@ws/handshake';

/** A request as the web has it, or undefined if its target or Host is none that a URL could have. */
export function webRequest(head: RequestHead, secure: boolean): Request | undefined {
  const [host = ''] = headerValues(head.headers, 'host');
  const origin = `http${secure ? 's' : ''}://${host}`;
  // A target is a path or a whole URL (RFC 9112, section 3.2); anything else would be read as a part of the host.
  const text = head.target.startsWith('/') ? origin + head.target : head.target.replace(/^ws/i, 'http');
  if (!URL.canParse(text) || !/^https?:/i.test(text)) return undefined;
  const headers = new Headers();
  for (const [name, value] of head.headers) headers.append(name, value);
  return new Request(text, { method: head.method, headers });
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
  const path = target.startsWith('/') ? target : target.replace(/^\w+:\/\/[^/?#]*/, '');
  return path.split('?', 1)[0] || '/';
}
