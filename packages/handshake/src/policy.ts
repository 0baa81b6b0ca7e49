import { acceptKey } from './accept-key.ts';
import { checkType, kindOf } from './check.ts';
import { quote } from './error.ts';
import { type HeaderFields, type Headers, readExtraFields } from './fields.ts';
import type { RequestHead } from './head.ts';
import { checkExtensions, type ExtensionNegotiator } from './negotiation.ts';
import { serializeOrigin } from './origin.ts';
import { selectSubprotocol } from './subprotocol.ts';
import { readUniqueTokens } from './tokens.ts';

/** The application's choice out of the subprotocols that the client offered; undefined or '' for none. */
export type SubprotocolSelector = (offered: readonly string[], request: RequestHead) => string | undefined;

/** The options that say what a server accepts. */
export interface UpgradePolicyOptions<E = unknown> {
  /**
   * The origins whose pages may connect: full origins such as `https://example.com`, `null` for pages without one.
   * Default: any, since only the application knows its own; name them wherever a cookie or an address stands for the
   * user: a browser lets every site open a WebSocket to yours with your user's cookies.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Refuses requests without an Origin. Default: false, since only browsers send one, and they always do. */
  readonly requireOrigin?: boolean | undefined;
  /**
   * The server's subprotocols in order of preference; the first that the client offers too is chosen. Default: none is
   * ever chosen, and a browser that has offered some then fails the connection.
   */
  readonly subprotocols?: readonly string[] | undefined;
  /** Chooses in place of `subprotocols`; called only when the client offered some. */
  readonly selectSubprotocol?: SubprotocolSelector | undefined;
  /** The extensions that are accepted. Default: none. */
  readonly extensions?: readonly ExtensionNegotiator<E>[] | undefined;
  /** Header fields of every 101 response; Set-Cookie may be there more than once. Default: none. */
  readonly headers?: Headers | undefined;
  /**
   * Makes Sec-WebSocket-Accept in place of the package's {@link acceptKey}, whose SHA-1 is JavaScript: a runtime's own
   * is faster in its first thousands of calls.
   */
  readonly acceptKey?: ((key: string) => string) | undefined;
}

/** The options of a server's handshakes, read and validated once, when it is made. */
export class UpgradePolicy<E = unknown> {
  /** The origins whose pages may connect, serialised; undefined: any. */
  readonly allowedOrigins: ReadonlySet<string> | undefined;
  readonly requireOrigin: boolean;
  readonly selectSubprotocol: SubprotocolSelector;
  readonly extensions: readonly ExtensionNegotiator<E>[];
  readonly headers: HeaderFields;
  /** The function that makes Sec-WebSocket-Accept: the option, or {@link acceptKey}. */
  readonly acceptKey: (key: string) => string;

  /** @throws TypeError for an option that is not legal, and for an unknown one: misspelt, it would let all in. */
  constructor(options: UpgradePolicyOptions<E> = {}) {
    if (typeof options !== 'object' || options === null)
      throw new TypeError(`options must be an object, got ${kindOf(options)}`);
    const {
      allowedOrigins,
      requireOrigin = false,
      subprotocols = [],
      selectSubprotocol: select,
      extensions = [],
      headers,
      acceptKey: accept = acceptKey,
      ...others
    } = options;
    for (const name in others)
      if (others[name as never] !== undefined) throw new TypeError(`there is no option ${quote(name)}`);
    // Only what is left out allows every origin: a setting that could not be read, which is null, does not.
    if (allowedOrigins !== undefined && !Array.isArray(allowedOrigins))
      throw new TypeError(`allowedOrigins must be an array, got ${kindOf(allowedOrigins)}`);
    checkType('requireOrigin', requireOrigin, 'boolean');
    checkType('acceptKey', accept, 'function');
    if (options.subprotocols && select) throw new TypeError('either subprotocols or selectSubprotocol, not both');
    if (select !== undefined) checkType('selectSubprotocol', select, 'function');
    const supported = readUniqueTokens(subprotocols, 'subprotocols');
    this.allowedOrigins = allowedOrigins && new Set(allowedOrigins.map(serializeOrigin));
    this.requireOrigin = requireOrigin;
    this.selectSubprotocol = select ?? ((offered) => selectSubprotocol(offered, supported));
    this.extensions = checkExtensions(extensions, 'accept');
    this.headers = readExtraFields(headers);
    this.acceptKey = accept;
  }
}
