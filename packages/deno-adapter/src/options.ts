import {
  checkNames,
  checkTypes,
  DriverSettings,
  type Extension,
  readMilliseconds,
  readServerConnection,
  type ServerConnectionOptions,
  warnOfNames,
} from '@ws/connection';
import {
  checkPath,
  type HandshakeError,
  type HeadLimits,
  HeadParser,
  UpgradePolicy,
  type UpgradePolicyOptions,
  type Verdict,
} from '@ws/handshake';
import { clock } from './clock.ts';
import { type Deflate, type PerMessageDeflateOptions, readDeflate } from './deflate.ts';
import type { Conn } from './deno.ts';
import type { ListenOptions } from './listen-options.ts';
import type { RequestHandler } from './plain.ts';
import { platform, sendMemory } from './platform.ts';

/** The facts of a client that an {@link Authenticate} hook is told. */
export interface ClientInfo {
  /** The upgrade request. */
  readonly request: Request;
  /** The request's Origin, or undefined: the client is no browser. */
  readonly origin: string | undefined;
  /** Whether it came over TLS to this process. */
  readonly secure: boolean;
  /** The connection's `remoteAddr`: of a proxy, if there is one. */
  readonly remoteAddr: unknown;
  /** Aborted when the verdict is too late: the client is gone, the time is up, the server closes. */
  readonly signal: AbortSignal;
}

/** Decides on a client before the 101 response, at once or by a promise. */
export type Authenticate<Context> = (info: ClientInfo) => Verdict<Context> | PromiseLike<Verdict<Context>>;

/** The options that say what a server accepts. */
export interface PolicyOptions<Context = unknown>
  extends ServerConnectionOptions,
    Pick<UpgradePolicyOptions, 'allowedOrigins' | 'requireOrigin' | 'subprotocols'> {
  /** Takes requests for this path only, compared without the query; others are a 404. Default: all. */
  readonly path?: string | undefined;
  /** Decides on a client before the 101 response. Default: all are let in. */
  readonly authenticate?: Authenticate<Context> | undefined;
  /**
   * Answers a GET or HEAD without a body that asks for no WebSocket, on whatever path; the connection ends with the
   * answer. Default: 426, or 404 on another path.
   */
  readonly onRequest?: RequestHandler | undefined;
  /**
   * Is told of a client that is refused, by the rules or by a verdict of `authenticate`, just before the client is. What
   * it throws goes to `reportError`.
   */
  readonly onRefused?: ((error: HandshakeError, conn: Conn) => void) | undefined;
  /**
   * Compression of messages (RFC 7692) for clients that offer it; false: none. Default: on for messages from 1 KiB on,
   * each by itself, so that a connection at rest keeps no context of zlib.
   */
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** How large a request may be. Default: 16 KiB and 100 header fields. */
  readonly headLimits?: HeadLimits | undefined;
  /**
   * How long all of the handshake may take, in milliseconds: TLS, the request, `authenticate`, `onRequest`. A client
   * that sends its request byte by byte gets a 408, one whose `authenticate` takes so long a 503. Default: 10,000, what
   * a user waits.
   */
  readonly handshakeTimeout?: number | undefined;
}

/** Options, validated, with their defaults. */
export interface Settings<Context> {
  readonly path: string | undefined;
  readonly upgrade: UpgradePolicy<Extension>;
  readonly deflate: Deflate;
  readonly authenticate: Authenticate<Context> | undefined;
  readonly onRequest: RequestHandler | undefined;
  readonly onRefused: ((error: HandshakeError, conn: Conn) => void) | undefined;
  readonly headLimits: HeadLimits;
  readonly handshakeTimeout: number;
  /** In milliseconds: see `closeTimeout` of a server's connections. */
  readonly closeTimeout: number;
  readonly driverSettings: DriverSettings;
}

/** Every option of a policy, and those of `serve`, which hands all of its own on. */
export const OPTIONS: Readonly<Record<keyof PolicyOptions | keyof ListenOptions, true>> = {
  allowedOrigins: true,
  authenticate: true,
  cert: true,
  closeReplyTimeout: true,
  closeTimeout: true,
  handshakeTimeout: true,
  headLimits: true,
  heartbeat: true,
  hostname: true,
  idleTimeout: true,
  key: true,
  maxBufferedAmount: true,
  maxPayload: true,
  onError: true,
  onListen: true,
  onRefused: true,
  onRequest: true,
  overflow: true,
  path: true,
  perMessageDeflate: true,
  port: true,
  requireOrigin: true,
  signal: true,
  subprotocols: true,
};

const HEAD_LIMITS = ['maxHeadBytes', 'maxHeaderFields'] as const satisfies (keyof HeadLimits)[];

/**
 * Reads the options of a server, once: the heartbeat that is made here is for all its connections.
 *
 * @throws TypeError for an option of another type; RangeError for a number out of range
 */
export function readOptions<Context>(options: PolicyOptions<Context>): Settings<Context> {
  checkTypes('object', { options });
  // A misspelt `allowedOrigins` would let every origin in without a word.
  warnOfNames('@ws/deno-adapter', options, Object.keys(OPTIONS), (warning) => console.warn(warning));
  const { path, authenticate, onRequest, onRefused, headLimits = {} } = options;
  if (path !== undefined) checkPath(path);
  checkTypes('function', { authenticate, onRequest, onRefused });
  checkTypes('object', { headLimits });
  checkNames('headLimits', headLimits, HEAD_LIMITS);
  // Throws for limits that are none.
  new HeadParser('request', headLimits);
  const deflate = readDeflate(options.perMessageDeflate);
  const connection = readServerConnection(options, clock);
  return {
    path,
    authenticate,
    onRequest,
    onRefused,
    deflate,
    upgrade: new UpgradePolicy({
      allowedOrigins: options.allowedOrigins,
      requireOrigin: options.requireOrigin,
      subprotocols: options.subprotocols,
      extensions: deflate.extensions,
    }),
    headLimits: { ...headLimits },
    handshakeTimeout: readMilliseconds(options.handshakeTimeout, 'handshakeTimeout', { default: 10_000 }),
    closeTimeout: connection.closeTimeout,
    driverSettings: new DriverSettings({ ...connection, role: 'server', clock, platform, sendMemory }),
  };
}
