import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { isUint8Array } from 'node:util/types';
import { type Data, PreparedMessage, type PrepareOptions, readMessageLimits } from '@ws/connection';
import { type HandshakeError, type HeaderFields, pathOf, serializeExtensions } from '@ws/handshake';
import { type BroadcastOptions, broadcast } from './broadcast.ts';
import { type CloseOptions, closeClients } from './close-clients.ts';
import { type ConnectionSettings, driverSettingsOf } from './connection-settings.ts';
import { checkChangeable, readOptions, type ServerOptions, type Settings } from './options.ts';
import { ownHttpServer } from './own-http-server.ts';
import { type OwnOptions, ownOptions } from './own-options.ts';
import { joinProxyGate } from './proxy/proxy-gate.ts';
import { answerAtOnce } from './runtime/answer-at-once.ts';
import { platform } from './runtime/platform.ts';
import { callEach } from './runtime/rethrow.ts';
import type { Labels } from './telemetry/prometheus.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { SocketTransport } from './transport/socket-transport.ts';
import { TypedEmitter } from './typed-emitter.ts';
import { warnOfUnknown } from './unknown-options.ts';
import { addedHeaders } from './upgrade/added-headers.ts';
import { route } from './upgrade/upgrade-router.ts';
import { type Upgraded, Upgrades } from './upgrade/upgrades.ts';
import { driverOf, WebSocket, type WebSocketHost, type WebSocketInit } from './websocket.ts';

/** The events of a {@link WebSocketServer} and what their listeners get. */
export interface WebSocketServerEvents<Context = unknown> {
  /**
   * A client's handshake is complete. Messages wait until there is a listener for them, also while this one awaits
   * something. An application that emits it may add arguments, as users of `ws` do.
   */
  // biome-ignore lint/suspicious/noExplicitAny: only the application that emits it knows what they are
  connection: [socket: WebSocket<Context>, request: IncomingMessage, ...more: any[]];
  /** The lines of the 101 response, before it is written: push `Name: value` to add one. */
  headers: [lines: string[], request: IncomingMessage];
  /** The http server listens, made here or given. */
  listening: [];
  /**
   * The http server of `port` has an error, such as a port in use. One that it has while it listens needs no listener.
   */
  error: [error: Error];
  /** After `close()`: no connection is left. */
  close: [];
  /**
   * A handshake has failed before there was a WebSocket. A listener has to end the socket; without one, the client is
   * refused properly.
   */
  wsClientError: [error: HandshakeError, socket: Duplex, request: IncomingMessage];
}

/** A callback of {@link WebSocketServer.handleUpgrade}. */
export type UpgradeCallback<Context = unknown> = (socket: WebSocket<Context>, request: IncomingMessage) => void;

/**
 * A WebSocket server on node:http or node:https, in the shape that users of `ws` know.
 *
 * @example
 * const server = new WebSocketServer({ port: 8080, allowedOrigins: ['https://example.com'] });
 * server.on('connection', (socket) => {
 *   socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
 * });
 */
export class WebSocketServer<Context = unknown> extends TypedEmitter<WebSocketServerEvents<Context>> {
  /** The open connections, and those that are closing. */
  readonly clients: ReadonlySet<WebSocket<Context>>;
  /**
   * A copy of the options that were given. `handleProtocols`, `maxPayload`, `path` and `verifyClient` may be set on it
   * later.
   */
  readonly options: OwnOptions;

  readonly #clients = new Set<WebSocket<Context>>();
  readonly #settings: Settings;
  /** The settings of the next connections: `maxPayload` may have been set. */
  #connectionSettings: ConnectionSettings;
  readonly #upgrades: Upgrades;
  readonly #telemetry: Telemetry = new Telemetry(this);
  /** One host serves all: closures of each handshake would keep its request alive as long as the connection. */
  readonly #host: WebSocketHost<Context> = {
    closed: (socket, code, reason) => {
      this.#clients.delete(socket);
      this.#telemetry.close(socket, code, reason);
      // The listeners of the connection's own 'close' come first.
      if (this.#state === 'closing') process.nextTick(() => this.#closeIfDone());
    },
    overflow: (policy) => this.#telemetry.overflow(policy),
    backpressure: (socket) => this.#telemetry.backpressure(socket),
  };
  /** The http server of `port` or `server`. */
  readonly #http: Server | undefined;
  #detach: (() => void) | undefined;
  /** Whether the http server still takes connections for this server. */
  #listening = true;
  #state: 'running' | 'closing' | 'closed' = 'running';
  /** The request that `#take` has asked `shouldHandle` about, while it calls `handleUpgrade`, which may be overridden. */
  #asked: IncomingMessage | undefined;
  /** What `shouldHandle` has thrown for `#asked`. */
  #failure: { readonly cause: unknown } | undefined;
  /** Called at the end, behind the listeners of 'close'; one that throws keeps it from no other. */
  readonly #waiting: (() => void)[] = [];

  /**
   * @param options exactly one of `port`, `server` and `noServer`
   * @param callback called once a server on `port` listens
   * @throws TypeError or RangeError for options of the wrong kind
   */
  constructor(options: ServerOptions<Context>, callback?: () => void) {
    super();
    // Its hooks get the sockets that have their context from its verifyClient, and no other.
    const own = ownOptions(options as ServerOptions, (changed) => {
      checkChangeable(changed);
      const settings = { ...this.#connectionSettings, limits: readMessageLimits(changed) };
      this.#connectionSettings = { ...settings, driverSettings: driverSettingsOf(settings) };
    });
    this.options = own;
    this.#settings = readOptions(own);
    warnOfUnknown(options);
    this.#connectionSettings = this.#settings.connection;
    this.clients = this.#clients;
    const refused = (error: HandshakeError, request: IncomingMessage) =>
      this.#telemetry.refused(error, request, this.#settings.clientAddress);
    this.#upgrades = new Upgrades(own, this.#settings, {
      isRunning: () => this.#state === 'running',
      connections: () => this.clients.size,
      shouldHandle: (request) => this.#handles(request),
      accepted: (request) => this.#telemetry.accepted(request),
      refused,
      addedHeaders: (request) => (this.listenerCount('headers') > 0 ? this.#addedHeaders(request) : []),
      emitFailure: (error, socket, request) => this.emit('wsClientError', error, socket, request),
    });
    const { port, host, backlog } = this.#settings;
    if (port !== undefined) {
      this.#http = ownHttpServer(refused);
      this.#http.on('error', this.#failed);
    } else this.#http = own.server as Server | undefined;
    if (this.#http !== undefined) this.#detach = this.#attach(this.#http);
    if (port !== undefined) this.#http?.listen(port, host, backlog, callback);
    const { signal } = own;
    if (signal?.aborted) this.#aborted();
    else signal?.addEventListener('abort', this.#aborted);
  }

  /** Tells where the http server listens; null before it does. */
  address(): AddressInfo | string | null {
    if (this.#http === undefined) throw new TypeError('there is no address with { noServer: true }');
    return this.#http.address();
  }

  /**
   * Whether a request is for this server: by default, by its path. To be overridden for more, but not by an async
   * method: a promise is a 500.
   */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.options;
    return path === undefined || pathOf(request.url ?? '') === path;
  }

  /**
   * Stops taking new connections, and closes the http server of `port`. 'close' follows when no connection is left.
   *
   * @param options takes leave of the clients: they are closed, and cut off after its `timeout`. Without it, as with a
   *   callback, open connections go on
   * @returns a promise that is resolved when no connection is left; also where that was before
   * @throws TypeError or RangeError for options of the wrong kind
   */
  close(options?: CloseOptions): Promise<void>;
  /**
   * Closes as `ws` does: open connections go on.
   *
   * @param callback called when no connection is left; with an error if that was before
   */
  close(callback: (error?: Error) => void): void;
  /** Takes either, for a caller that passes on what it was given. */
  close(how: CloseOptions | ((error?: Error) => void) | undefined): Promise<void> | void;
  close(how?: CloseOptions | ((error?: Error) => void)): Promise<void> | void {
    if (typeof how === 'function') {
      if (this.#state === 'closed') process.nextTick(how, new Error('the server is closed already'));
      else this.#waiting.push(() => how());
      this.#close();
      return;
    }
    const giveUp =
      how === undefined || how === null ? undefined : closeClients(this.clients, how, () => this.#upgrades.cutOff());
    const closed =
      this.#state === 'closed' ? Promise.resolve() : new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#close();
    return closed.then(giveUp);
  }

  /** Closes as `close({})` does: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close({});
  }

  #close(): void {
    if (this.#state !== 'running') return;
    this.#state = 'closing';
    this.options.signal?.removeEventListener('abort', this.#aborted);
    this.#upgrades.abort(new Error('the server is closing'));
    const stopped = () => {
      this.#listening = false;
      this.#closeIfDone();
    };
    // A server of others goes on: who comes to it meanwhile is told that this one is closing.
    if (this.#settings.port === undefined) process.nextTick(stopped);
    else {
      this.#leave();
      this.#http?.close(stopped);
      // With close(), Node stops the timers that end requests which never become whole: it would wait for them for
      // ever.
      this.#http?.closeAllConnections();
    }
  }

  /**
   * Does the handshake for a request that an http server has emitted with 'upgrade'. The socket is taken at once.
   *
   * @param callback gets the WebSocket; emit 'connection' there if the listeners of this server should see it
   * @throws TypeError if a server has taken this socket before, or the arguments are of the wrong kind
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: UpgradeCallback<Context>): void {
    if (typeof socket?.on !== 'function' || !isUint8Array(head) || typeof callback !== 'function') {
      throw new TypeError("handleUpgrade takes the request, socket and head of an 'upgrade' event, and a callback");
    }
    this.#upgrades.handle(request, socket, head, (upgraded) => this.#accept(upgraded, request, callback));
  }

  /**
   * Prepares a message for many receivers: it is made into bytes once, and compressed once for all whose compression
   * was agreed on alike. Give it to `broadcast`, or to `send` of any WebSocket.
   *
   * @param data copied
   * @throws TypeError for data that cannot be sent
   */
  prepare(data: Data, options?: PrepareOptions): PreparedMessage {
    return new PreparedMessage(data, options, platform.isUtf8);
  }

  /**
   * Tells what happens here, in the text format of Prometheus: connections, bytes that wait, handshakes, closes by
   * code, violations by name, clients that fell behind. Counted since the server was made.
   *
   * @param labels are put on each line
   * @throws TypeError for a label of the wrong kind
   */
  metrics(labels: Labels = {}): string {
    return this.#telemetry.text(labels);
  }

  /**
   * Sends a message to all open connections of this server, or to those that the options leave. Each takes it at its
   * own pace, and is bounded by `maxBufferedAmount`. Those to which a fragmented message is under way are left out.
   *
   * @returns how many it was sent to
   * @throws TypeError for data that cannot be sent, and what `filter` throws
   */
  broadcast(data: Data | PreparedMessage, options: BroadcastOptions<Context> = {}): number {
    const message = data instanceof PreparedMessage ? data : this.prepare(data, options);
    return broadcast(this.clients, message, options);
  }

  /** Takes no more connections of the http server. */
  #leave(): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /** Takes the connections of an http server that are for this one. Returns a function that takes it back. */
  #attach(http: Server): () => void {
    const { port, proxyProtocol, handshakeTimeout } = this.#settings;
    const isOurs = port !== undefined;
    const stopRouting = route(
      http,
      {
        listening: () => this.emit('listening'),
        isRunning: () => this.#state === 'running',
        take: (request, socket, head) => this.#take(request, socket, head),
        refuseUnknown: (request, socket, head) => this.#upgrades.refuseUnknown(request, socket, head),
      },
      !isOurs,
    );
    let leaveProxies: ((endWaiting: boolean) => void) | undefined;
    if (proxyProtocol !== undefined) {
      const refused = this.#telemetry.connectionRefused;
      const member = { trusts: (address: string | undefined) => proxyProtocol(address, 0), refused };
      leaveProxies = joinProxyGate(http, member, handshakeTimeout);
    }
    return () => {
      stopRouting();
      leaveProxies?.(isOurs);
    };
  }

  readonly #aborted = (): void => {
    void this.close({});
  };

  readonly #failed = (error: Error): void => {
    // While it listens, a connection could not be accepted, for lack of memory or files: those that are there go on,
    // and so does the process.
    if (!this.#http?.listening || this.listenerCount('error') > 0) this.emit('error', error);
  };

  #addedHeaders(request: IncomingMessage): HeaderFields {
    return addedHeaders((lines) => this.emit('headers', lines, request));
  }

  /** Takes a request of the http server if it is for this server; one that `shouldHandle` throws for gets a 500. */
  #take(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    let failure: { readonly cause: unknown } | undefined;
    try {
      if (!this.#handles(request)) return false;
    } catch (cause) {
      failure = { cause };
    }
    this.#asked = request;
    this.#failure = failure;
    try {
      this.handleUpgrade(request, socket, head, (webSocket) => this.emit('connection', webSocket, request));
    } finally {
      this.#asked = undefined;
      this.#failure = undefined;
    }
    return true;
  }

  /** Asks `shouldHandle`, unless `#take` has. */
  #handles(request: IncomingMessage): boolean {
    if (request === this.#asked) {
      if (this.#failure !== undefined) throw this.#failure.cause;
      return true;
    }
    const answer: unknown = this.shouldHandle(request);
    return Boolean(answerAtOnce(answer, 'shouldHandle must not be async: verifyClient may be'));
  }

  #accept(upgraded: Upgraded, request: IncomingMessage, callback: UpgradeCallback<Context>): void {
    const { socket, responseHead, negotiated, context, early } = upgraded;
    const { subprotocol, extensions: all } = negotiated;
    const transport = new SocketTransport(socket);
    transport.respond(responseHead);
    const webSocket = new WebSocket<Context>({
      transport,
      protocol: subprotocol,
      extensionsHeader: serializeExtensions(all),
      extensions: all.length > 0 ? all.map(({ extension }) => extension) : undefined,
      context: context as Context,
      remoteAddress: this.#settings.clientAddress(request),
      settings: this.#connectionSettings,
      host: this.#host,
    } satisfies WebSocketInit<Context> as never);
    this.#clients.add(webSocket);
    this.#telemetry.open(webSocket, request);
    driverOf(webSocket).call(() => callback(webSocket, request));
    transport.begin(early);
  }

  #closeIfDone(): void {
    if (this.#state !== 'closing' || this.#listening || this.clients.size > 0) return;
    this.#state = 'closed';
    this.#leave();
    callEach([() => this.emit('close'), ...this.#waiting], (tell) => tell());
  }
}
