import { HOST } from './host.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', ws: '80', wss: '443' };

const ORIGIN = /* @__PURE__ */ new RegExp(`^([a-z][a-z0-9+.-]*)://${HOST}(?::([1-9]\\d{0,4}))?$`, 'i');

/**
 * An origin as a browser serialises it (RFC 6454 section 6.2): scheme and host in lower case, no default port. `null`
 * and `file://` stand for themselves.
 *
 * @throws TypeError for anything that no browser would send, such as `example.com` or `https://example.com/`.
 */
export function serializeOrigin(text: string): string {
  if (text === 'null' || text === 'file://') return text;
  const match = ORIGIN.exec(text);
  if (!match) {
    throw new TypeError(
      `${JSON.stringify(text)} is not an origin: expected scheme://host or scheme://host:port, such as ` +
        'https://example.com (no path, no wildcard, an international host in its xn-- form)',
    );
  }
  const scheme = match[1]!.toLowerCase();
  const port = match[3] === DEFAULT_PORTS[scheme] ? undefined : match[3];
  return `${scheme}://${match[2]!.toLowerCase()}${port === undefined ? '' : `:${port}`}`;
}
