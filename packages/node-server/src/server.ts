import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { Extension } from '@ws/connection';
import {
  checkUpgrade,
  completeUpgrade,
  type Decision,
  HandshakeError,
  type HeaderFields,
  type Refusal,
  refuse,
  serializeExtensions,
  serializeHead,
  type UpgradeOffer,
  UpgradePolicy,
} from '@ws/handshake';
import { rethrow } from './clock.ts';
import { answerPlainRequest, requestHead } from './http.ts';
import { readOptions, type ServerOptions, type Settings } from './options.ts';
import { PendingUpgrade } from './pending-upgrade.ts';
import { route } from './upgrade-router.ts';
import { verify } from './verify-client.ts';
import { driverOf, WebSocket } from './websocket.ts';

/** The events of a {@link WebSocketServer} and what their listeners get. */
export interface WebSocketServerEvents {
  /** A client whose handshake is complete. Messages wait until somebody listens for them, also while this awaits something. */
  connection: [socket: WebSocket, request: IncomingMessage];
  /** The lines of the 101 response, before it is written: push `Name: value` to add one. */
  headers: [lines: string[], request: IncomingMessage];
  /** The http server listens, ours or the one that was given. */
  listening: [];
  /** The http server of ours has an error: a port in use, say. */
  error: [error: Error];
  /** After `close()`: no connection is left. */
  close: [];
  /** A handshake has failed before there was a WebSocket. Whoever listens ends the socket; if nobody does, it is refused properly. */
  wsClientError: [error: HandshakeError, socket: Duplex, request: IncomingMessage];
}

/** A callback of {@link WebSocketServer.handleUpgrade}. */
export type UpgradeCallback = (socket: WebSocket, request: IncomingMessage) => void;

/**
 * A WebSocket server on node:http or node:https, in the shape that users of `ws` know.
 *
 * @example
 * const server = new WebSocketServer({ port: 8080, allowedOrigins: ['https://example.com'] });
 * server.on('connection', (socket) => {
 *   socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
 * });
 */
export class WebSocketServer extends EventEmitter<WebSocketServerEvents> {
  /** The open connections, and those that are closing. */
  readonly clients: Set<WebSocket> = new Set();
  /** The options that were given. */
  readonly options: Readonly<ServerOptions>;

  readonly #settings: Settings;
  readonly #policy: UpgradePolicy<Extension>;
  /** The http server, where it is known, and whether it is ours. */
  readonly #http: Server | undefined;
  readonly #stopRouting: (() => void) | undefined;
  readonly #pending = new Set<PendingUpgrade>();
  /** Whether an http server of ours still has to close. */
  #listening = true;
  #state: 'running' | 'closing' | 'closed' = 'running';

  /**
   * @param options exactly one of `port`, `server` and `noServer`
   * @param callback called once a server on `port` listens
   * @throws TypeError or RangeError for options of the wrong kind
   */
  constructor(options: ServerOptions, callback?: () => void) {
    super();
    this.#settings = readOptions(options);
    this.options = options;
    this.#policy = new UpgradePolicy({
      allowedOrigins: options.allowedOrigins,
      requireOrigin: options.requireOrigin,
      subprotocols: options.subprotocols,
      extensions: this.#settings.extensions,
    });
    const { port } = this.#settings;
    if (port !== undefined) {
      this.#http = createServer(answerPlainRequest);
      this.#http.on('error', (error) => this.emit('error', error));
    } else this.#http = options.server as Server | undefined;
    if (this.#http !== undefined) {
      this.#http.on('listening', this.#emitListening);
      this.#stopRouting = route(this.#http, {
        shouldHandle: (request) => this.#mayHandle(request),
        take: (request, socket, head) =>
          this.handleUpgrade(request, socket, head, (webSocket) => this.emit('connection', webSocket, request)),
        refuseUnknown: (_request, socket, head) =>
          new PendingUpgrade(socket, head).refuse(refuse(404), this.#settings.closeTimeout),
      });
    }
    if (port !== undefined) this.#http?.listen(port, options.host, options.backlog, callback);
  }

  /** Where the http server listens; null before it does. */
  address(): AddressInfo | string | null {
    if (this.#http === undefined) throw new TypeError('there is no address with { noServer: true }');
    return this.#http.address();
  }

  /** Whether a request is for this server: its path is ours. To be overridden for more. */
  shouldHandle(request: IncomingMessage): boolean {
    const { path } = this.#settings;
    return path === undefined || (request.url ?? '').split('?', 1)[0] === path;
  }

  /**
   * Stops taking new connections, and closes the http server if it is ours; open connections go on. 'close' follows
   * when none is left.
   *
   * @param callback called then; with an error if that was before
   */
  close(callback?: (error?: Error) => void): void {
    if (this.#state === 'closed') {
      if (callback !== undefined) process.nextTick(callback, new Error('the server is closed already'));
      return;
    }
    if (callback !== undefined) this.once('close', callback);
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.#stopRouting?.();
    this.#http?.off('listening', this.#emitListening);
    for (const pending of this.#pending) pending.abort(new Error('the server is closing'));
    const stopped = () => {
      this.#listening = false;
      this.#closeIfDone();
    };
    if (this.#settings.port === undefined) process.nextTick(stopped);
    else {
      this.#http?.close(stopped);
      // With close(), Node stops the timers that end requests which never become whole: it would wait for them for ever.
      this.#http?.closeAllConnections();
    }
  }

  /**
   * Does the handshake for a request that an http server has emitted with 'upgrade'. The socket is taken at once.
   *
   * @param callback gets the WebSocket; emit 'connection' there if the listeners of this server should see it
   * @throws TypeError if a server has taken this socket before, or the arguments are of the wrong kind
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, callback: UpgradeCallback): void {
    if (typeof socket?.on !== 'function' || !(head instanceof Uint8Array) || typeof callback !== 'function') {
      throw new TypeError("handleUpgrade takes the request, socket and head of an 'upgrade' event, and a callback");
    }
    const pending = new PendingUpgrade(socket, head);
    let checked: { readonly ok: true; readonly offer: UpgradeOffer } | Refusal;
    try {
      checked = this.#check(request);
    } catch (error) {
      this.#fail(pending, request, error);
      return;
    }
    if (!checked.ok) {
      this.#refuse(pending, request, checked);
      return;
    }
    const { offer } = checked;
    const { verifyClient } = this.#settings;
    if (verifyClient === undefined) {
      this.#complete(pending, request, offer, { ok: true, context: undefined, headers: [] }, callback);
      return;
    }
    let decision: Decision | Promise<Decision>;
    try {
      const secure = 'encrypted' in socket && socket.encrypted === true;
      const remoteAddress = this.#settings.clientAddress(request);
      const { signal } = pending;
      decision = verify(verifyClient, { origin: offer.origin, secure, remoteAddress, req: request, signal });
    } catch (error) {
      this.#fail(pending, request, error);
      return;
    }
    if (decision instanceof Promise) void this.#await(pending, request, offer, decision, callback);
    else this.#decide(pending, request, offer, decision, callback);
  }

  readonly #emitListening = (): void => {
    this.emit('listening');
  };

  /** As {@link shouldHandle}; one that throws is asked again in `handleUpgrade`, which has the socket to answer on. */
  #mayHandle(request: IncomingMessage): boolean {
    try {
      return this.shouldHandle(request);
    } catch {
      return true;
    }
  }

  #check(request: IncomingMessage): { readonly ok: true; readonly offer: UpgradeOffer } | Refusal {
    if (this.#state !== 'running') return refuse(503);
    if (!this.shouldHandle(request)) return refuse(404);
    return checkUpgrade(requestHead(request), this.#policy);
  }

  /** Waits for the decision of a hook, as long as the client and the time allow. */
  async #await(
    pending: PendingUpgrade,
    request: IncomingMessage,
    offer: UpgradeOffer,
    decision: Promise<Decision>,
    callback: UpgradeCallback,
  ): Promise<void> {
    this.#pending.add(pending);
    let decided: Decision | undefined;
    try {
      decided = await pending.waitFor(decision, this.#settings.handshakeTimeout);
    } catch (error) {
      this.#fail(pending, request, error);
      return;
    } finally {
      this.#pending.delete(pending);
    }
    if (decided === undefined || pending.signal.aborted) {
      this.#refuse(pending, request, refuse(503, { body: `${(pending.signal.reason as Error).message}\n` }));
    } else this.#decide(pending, request, offer, decided, callback);
  }

  #decide(
    pending: PendingUpgrade,
    request: IncomingMessage,
    offer: UpgradeOffer,
    decision: Decision,
    callback: UpgradeCallback,
  ): void {
    if (decision.ok) {
      this.#complete(pending, request, offer, decision, callback);
      return;
    }
    let refusal: Refusal;
    try {
      refusal = refuse(decision.status, { body: decision.body, headers: decision.headers });
    } catch (error) {
      this.#fail(pending, request, error);
      return;
    }
    // A verdict is no error of the client: as in `ws`, nobody but the client is told.
    pending.refuse(refusal, this.#settings.closeTimeout);
  }

  #complete(
    pending: PendingUpgrade,
    request: IncomingMessage,
    offer: UpgradeOffer,
    decision: Decision & { readonly ok: true },
    callback: UpgradeCallback,
  ): void {
    const { socket } = pending;
    if (socket.destroyed || !socket.writable) {
      // Not released: its 'error' may still be to come.
      socket.destroy();
      return;
    }
    let accepted: ReturnType<typeof completeUpgrade<Extension>>;
    try {
      const { handleProtocols } = this.#settings;
      const subprotocol =
        handleProtocols !== undefined && offer.subprotocols.length > 0
          ? handleProtocols(new Set(offer.subprotocols), request) || ''
          : undefined;
      const headers = [...decision.headers, ...this.#extraHeaders(request)];
      accepted = completeUpgrade(offer, this.#policy, { subprotocol, headers });
    } catch (error) {
      this.#fail(pending, request, error);
      return;
    }
    // One of the hooks may have closed this server.
    const { response, negotiated } = accepted;
    if (this.#state !== 'running') {
      for (const { extension } of negotiated.extensions) extension.close?.();
      this.#refuse(pending, request, refuse(503));
      return;
    }
    const early = pending.release();
    socket.write(serializeHead(response));
    const webSocket = new WebSocket({
      socket,
      protocol: negotiated.subprotocol,
      extensions: serializeExtensions(negotiated.extensions),
      running: negotiated.extensions.map(({ extension }) => extension),
      context: decision.context,
      remoteAddress: this.#settings.clientAddress(request),
      settings: this.#settings,
      closed: this.#forget,
    });
    this.clients.add(webSocket);
    const driver = driverOf(webSocket);
    driver.call(() => callback(webSocket, request));
    if (early.length > 0) driver.received(early);
  }

  /** One for all connections: a closure of each handshake would keep its request alive as long as the connection. */
  readonly #forget = (socket: WebSocket): void => {
    this.clients.delete(socket);
    this.#closeIfDone();
  };

  /** What listeners of 'headers' have added to the lines of the response. */
  #extraHeaders(request: IncomingMessage): HeaderFields {
    if (this.listenerCount('headers') === 0) return [];
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    const known = lines.length;
    this.emit('headers', lines, request);
    return lines.slice(known).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()];
    });
  }

  /** A hook of the application has failed: the client cannot help it. */
  #fail(pending: PendingUpgrade, request: IncomingMessage, cause: unknown): void {
    const refusal = refuse(500);
    // What was thrown may be anything, and need not become a string.
    const why = cause instanceof Error ? cause.message : inspect(cause);
    const error = new HandshakeError('refused', `a hook of the server has failed: ${why}`, {
      status: 500,
      headers: refusal.error.headers,
      cause,
    });
    this.#refuse(pending, request, { ...refusal, error });
  }

  #refuse(pending: PendingUpgrade, request: IncomingMessage, refusal: Refusal): void {
    if (this.listenerCount('wsClientError') === 0) {
      pending.refuse(refusal, this.#settings.closeTimeout);
      return;
    }
    try {
      this.emit('wsClientError', refusal.error, pending.socket, request);
    } catch (error) {
      pending.refuse(refusal, this.#settings.closeTimeout);
      rethrow(error);
    }
  }

  #closeIfDone(): void {
    if (this.#state !== 'closing' || this.#listening || this.clients.size > 0) return;
    this.#state = 'closed';
    this.emit('close');
  }
}
