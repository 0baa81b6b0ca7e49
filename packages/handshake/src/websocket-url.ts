import { HOST } from './host.ts';

const HOST_AND_PORT = /* @__PURE__ */ new RegExp(`^${HOST}(?::(\\d{0,5}))?$`, 'i');

/** Where to connect to, and what to ask for there. */
export interface WebSocketUrl {
  readonly secure: boolean;
  /** To connect to: a name or an address; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** For the Host field: with brackets, and with the port where it is not the default. */
  readonly authority: string;
  /** Path and query, never empty. */
  readonly target: string;
}

/**
 * Reads a URL of RFC 6455 section 3; http and https stand for ws and wss. It is taken as it is: no dot segment is
 * resolved and nothing is escaped, which `new URL(text)` does.
 *
 * @throws TypeError with what is wrong.
 */
export function parseWebSocketUrl(url: string | { readonly href: string }): WebSocketUrl {
  const text = typeof url === 'string' ? url : url.href;
  const illegal = (problem: string) => new TypeError(`${JSON.stringify(text)} is not a WebSocket URL: ${problem}`);
  const match = /^(ws|wss|http|https):\/\/([^/?#]*)([^#]*)(#?)/i.exec(text);
  if (!match) throw illegal('expected ws:// or wss://');
  const [, scheme, authority, rest, hash] = match as unknown as [string, string, string, string, string];
  if (hash) throw illegal('it has a fragment (RFC 6455 section 3 forbids it; escape # as %23)');
  if (authority.includes('@')) throw illegal('it has a user name; send an Authorization header instead');
  if (/[^!-~]/.test(rest)) throw illegal('its path has a character to be percent-encoded; new URL(url).href does that');
  const parts = HOST_AND_PORT.exec(authority);
  if (!parts) throw illegal('expected host or host:port after // (an IPv6 address in brackets, a host name in ASCII)');
  const secure = /wss|https/i.test(scheme);
  const defaultPort = secure ? 443 : 80;
  // It may be empty (RFC 3986, section 3.2.3).
  const port = Number(parts[2] || defaultPort);
  if (port < 1 || port > 65535) throw illegal('its port is not within 1 to 65535');
  const name = parts[1]!.toLowerCase();
  return {
    secure,
    host: name.replace(/[[\]]/g, ''),
    port,
    authority: port === defaultPort ? name : `${name}:${port}`,
    target: rest.startsWith('/') ? rest : `/${rest}`,
  };
}
