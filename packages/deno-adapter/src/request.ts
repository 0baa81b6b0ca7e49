import { HandshakeError, hostOf, isTarget, type RequestHead } from '@ws/handshake';

/** A request as the web has it, or what is wrong with its Host or its target. */
export function webRequest(head: RequestHead, secure: boolean): Request | HandshakeError {
  const host = hostOf(head);
  const origin = `http${secure ? 's' : ''}://${host}`;
  if (host === undefined || !URL.canParse(origin)) {
    return new HandshakeError('host-malformed', 'Expected exactly one Host header: host or host:port');
  }
  // A target that is a whole URL stands for the Host as well.
  const { target } = head;
  const url = target.startsWith('/') ? origin + target : target.replace(/^ws/i, 'http');
  if (!isTarget(target) || !URL.canParse(url)) {
    return new HandshakeError('target-malformed', 'Expected a request target that is a path or a URL of http or ws');
  }
  const headers = new Headers();
  for (const [name, value] of head.headers) headers.append(name, value);
  return new Request(url, { method: head.method, headers });
}
