import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import {
  type Extension,
  kindOf,
  type Message,
  readInteger,
  readMilliseconds,
  readServerConnection,
  type ServerConnectionOptions,
} from '@ws/connection';
import { checkPath, UpgradePolicy, type UpgradePolicyOptions } from '@ws/handshake';
import { type ConnectionSettings, driverSettingsOf } from './connection-settings.ts';
import type { MessageVerdict } from './message-hook.ts';
import { type PerMessageDeflateOptions, readDeflate } from './per-message-deflate.ts';
import { type ClientAddress, readTrustProxy, type TrustProxy, type Trusts } from './proxy/trust-proxy.ts';
import { type RateLimit, readRateLimit } from './rate/rate-limit.ts';
import { clock } from './runtime/clock.ts';
import { acceptKey } from './upgrade/accept-key.ts';
import type { VerifyClient } from './upgrade/verify-client.ts';
import type { WebSocket } from './websocket.ts';

/** Decides on each message before it is delivered; see {@link MessageVerdict}. */
export type MessageHookFunction<Context = unknown> = (
  message: Message<Buffer<ArrayBuffer>>,
  socket: WebSocket<Context>,
) => MessageVerdict | PromiseLike<MessageVerdict>;

/**
 * How a `WebSocketServer` is set up: with exactly one of `port`, `server` and `noServer`. What `verifyClient` finds out
 * of a client is the `Context` of its WebSocket.
 */
export interface ServerOptions<Context = unknown>
  extends ServerConnectionOptions,
    Pick<UpgradePolicyOptions, 'allowedOrigins' | 'requireOrigin' | 'subprotocols'> {
  /** Listens on a port with an http server of its own, which speaks nothing else; 0 lets the system choose one. */
  readonly port?: number | undefined;
  /** The address to listen on with `port`. Default: all of them, as Node has it. */
  readonly host?: string | undefined;
  /** How many connections may wait to be accepted with `port`. Default: 511, as Node has it. */
  readonly backlog?: number | undefined;
  /**
   * Takes the upgrade requests of an http or https server that is there, or of one of http2 with `allowHTTP1`. Several
   * may share one.
   */
  readonly server?: HttpServer | HttpsServer | Http2SecureServer | undefined;
  /** Takes no requests by itself: call `handleUpgrade`. */
  readonly noServer?: boolean | undefined;
  /** Takes requests for this path only, compared without the query. Default: all. */
  readonly path?: string | undefined;
  /**
   * Compression of messages (RFC 7692) for clients that offer it; false: none. Default: on for messages from 1 KiB on,
   * each by itself, so that a connection at rest keeps no context of zlib.
   */
  readonly perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
  /** Chooses a subprotocol in place of `subprotocols`: one that was offered, or false for none. Not by a promise. */
  readonly handleProtocols?:
    | ((protocols: Set<string>, request: IncomingMessage) => string | false | undefined)
    | undefined;
  /** Decides on a client before the 101 response. Default: all are let in. */
  readonly verifyClient?: VerifyClient<Context> | undefined;
  /**
   * How long `verifyClient` may take, in milliseconds; then the client gets a 503. Also how long a connection may take
   * to send its PROXY header; then it is ended. Default: 10,000, what a user waits.
   */
  readonly handshakeTimeout?: number | undefined;
  /**
   * The proxies in front whose X-Forwarded-For is believed: how many in a row (up to 32; 0 is as false), or the list of
   * their addresses and blocks (`10.0.0.0/8`). Default: false, since any client can write that header.
   */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Each connection starts with a header of the PROXY protocol, version 2 (HAProxy: `send-proxy-v2`), which names the
   * client; it takes the place of one proxy in X-Forwarded-For. Needs `trustProxy`; a connection without the header, or
   * from an address that is not trusted, is ended. It holds for all of the http server, plain requests included. Not on
   * Bun. Default: false.
   */
  readonly proxyProtocol?: boolean | undefined;
  /**
   * With this many connections, a client gets a 503 with Retry-After. From 1 on. Default: no limit, since only the
   * operator knows what the process may have of memory and file descriptors.
   */
  readonly maxConnections?: number | undefined;
  /**
   * How much a second is taken of handshakes, messages and bytes. Default: no limits, since only the application knows
   * what is usual.
   */
  readonly rateLimit?: RateLimit | undefined;
  /**
   * Decides on each message of a client before it is delivered: true lets it through, false leaves it out, data takes
   * its place, an error closes the connection with 1011, or with its `closeCode` and message. While a promise is
   * pending, nothing more of that client is read. Default: all are let through.
   */
  readonly messageHook?: MessageHookFunction<Context> | undefined;
  /**
   * How long `messageHook` may take for one message, in milliseconds, before the connection closes with 1011. Default:
   * 10,000, as `handshakeTimeout`.
   */
  readonly messageHookTimeout?: number | undefined;
  /** Closes the server, as `close({})` does, when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Options, validated, with their defaults. */
export interface Settings {
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly backlog: number;
  readonly connection: ConnectionSettings;
  readonly upgrade: UpgradePolicy<Extension>;
  readonly handshakeTimeout: number;
  readonly clientAddress: ClientAddress;
  /** Which proxies write headers of the PROXY protocol; undefined if none is read. */
  readonly proxyProtocol: Trusts | undefined;
  readonly maxConnections: number;
}

/**
 * Reads the options of a server, once: the heartbeat and the pool of zlib that are made here are for all its
 * connections.
 *
 * @throws TypeError for an option of another type; RangeError for a number out of range
 */
export function readOptions(options: ServerOptions): Settings {
  const ways = [options.port !== undefined, options.server !== undefined, options.noServer === true];
  if (options.noServer !== undefined && typeof options.noServer !== 'boolean') {
    throw new TypeError(`noServer must be a boolean, got ${kindOf(options.noServer)}`);
  }
  if (ways.filter(Boolean).length !== 1) {
    throw new TypeError('exactly one of the options port, server and noServer must be given');
  }
  checkChangeable(options);
  const { host, backlog, server, signal } = options;
  if (server !== undefined && typeof server?.on !== 'function') {
    throw new TypeError(`server must be an http or https server, got ${kindOf(server)}`);
  }
  if (typeof server?.listen === 'function' && typeof server.address !== 'function') {
    throw new TypeError('server must be an http or https server, got an app: give what its listen() returns');
  }
  if (host !== undefined && typeof host !== 'string') throw new TypeError(`host must be a string, got ${kindOf(host)}`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, got ${kindOf(signal)}`);
  }
  return {
    port: options.port === undefined ? undefined : readInteger(options.port, 'port', { default: 0, max: 65_535 }),
    host,
    backlog: readInteger(backlog, 'backlog', { default: 511, max: 2 ** 31 - 1 }),
    connection: readConnection(options),
    handshakeTimeout: readMilliseconds(options.handshakeTimeout, 'handshakeTimeout', { default: 10_000 }),
    ...readProxies(options),
    maxConnections: readInteger(options.maxConnections, 'maxConnections', { default: Number.MAX_SAFE_INTEGER, min: 1 }),
    upgrade: new UpgradePolicy({
      allowedOrigins: options.allowedOrigins,
      requireOrigin: options.requireOrigin,
      subprotocols: options.subprotocols,
      extensions: readDeflate(options.perMessageDeflate),
      acceptKey,
    }),
  };
}

/**
 * Checks the options that may be set on a server that runs, and are asked for at each handshake. The fourth,
 * `maxPayload`, is a setting of connections.
 *
 * @throws TypeError for an option of another type
 */
export function checkChangeable({ path, handleProtocols, subprotocols, verifyClient }: ServerOptions): void {
  if (path !== undefined) checkPath(path);
  for (const [name, hook] of Object.entries({ handleProtocols, verifyClient })) {
    if (hook !== undefined && typeof hook !== 'function') {
      throw new TypeError(`${name} must be a function, got ${kindOf(hook)}`);
    }
  }
  if (handleProtocols !== undefined && subprotocols !== undefined) {
    throw new TypeError('either subprotocols or handleProtocols, not both');
  }
}

/** @throws TypeError or RangeError for an option of the wrong kind (row M8) */
function readConnection(options: ServerOptions): ConnectionSettings {
  const { messageHook: ask } = options;
  if (ask !== undefined && typeof ask !== 'function') {
    throw new TypeError(`messageHook must be a function, got ${kindOf(ask)}`);
  }
  const timeout = readMilliseconds(options.messageHookTimeout, 'messageHookTimeout', { default: 10_000 });
  const shared = readServerConnection(options, clock);
  return {
    ...shared,
    driverSettings: driverSettingsOf(shared),
    rateLimit: readRateLimit(options.rateLimit),
    messageHook: ask && { ask, timeout },
  };
}

/** Reads which proxies are believed, in either way that they have to name a client. */
function readProxies(options: ServerOptions): Pick<Settings, 'clientAddress' | 'proxyProtocol'> {
  const { proxyProtocol = false, trustProxy, noServer } = options;
  if (typeof proxyProtocol !== 'boolean') {
    throw new TypeError(`proxyProtocol must be a boolean, got ${kindOf(proxyProtocol)}`);
  }
  const { clientAddress, trusts } = readTrustProxy(trustProxy, proxyProtocol);
  if (!proxyProtocol) return { clientAddress, proxyProtocol: undefined };
  if (noServer) throw new TypeError('proxyProtocol needs port or server: it reads before an http server does');
  if (process.versions.bun !== undefined) {
    throw new TypeError('proxyProtocol cannot be had on Bun: its http server reads before anybody else can');
  }
  if (trusts === undefined || trustProxy === 0) {
    throw new TypeError('proxyProtocol needs trustProxy, which says whose headers are believed');
  }
  return { clientAddress, proxyProtocol: trusts };
}
