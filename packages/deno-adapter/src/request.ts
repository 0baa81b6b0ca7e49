import { HandshakeError, hostError, hostOf, isTarget, type RequestHead } from '@ws/handshake';
import type { Address } from './deno.ts';

/** The zone of an address, such as `%eth0`, which only the client knows (RFC 6874, section 4) and no `URL` takes. */
const ZONE = /(?<=^\w+:\/\/\[[\da-f:.]+)%[^\]]+/i;

/**
 * The scheme and the authority that a request is for, as a URL has them, or what is wrong with its Host.
 *
 * @param localAddr of the connection
 */
export function originOf(head: RequestHead, secure: boolean, localAddr: unknown): string | HandshakeError {
  const wrong = hostError(head);
  if (wrong !== undefined) return wrong;
  const authority = hostOf(head) ?? authorityOf(localAddr);
  const origin = `http${secure ? 's' : ''}://${authority}`.replace(ZONE, '');
  if (URL.canParse(origin)) return origin;
  const why = 'Expected a Host that a URL can have: a host name or an IP address, and a port of at most 65535';
  return new HandshakeError('host-malformed', why);
}

/** A server's own address, for a request that names none (RFC 9112, section 3.3). */
function authorityOf(localAddr: unknown): string {
  const { hostname, port } = (localAddr ?? {}) as Partial<Address>;
  if (hostname === undefined) return 'localhost';
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * A request as the web has it, or what is wrong with its target.
 *
 * @param origin by {@link originOf}
 */
export function webRequest(head: RequestHead, origin: string): Request | HandshakeError {
  // A target that is a whole URL stands for the Host as well.
  const { target } = head;
  const url = target.startsWith('/') ? origin + target : target.replace(/^ws/i, 'http').replace(ZONE, '');
  if (!isTarget(target) || !URL.canParse(url)) {
    return new HandshakeError('target-malformed', 'Expected a request target that is a path or a URL of http or ws');
  }
  const headers = new Headers();
  for (const [name, value] of head.headers) headers.append(name, value);
  return new Request(url, { method: head.method, headers });
}
