import { CloseCode, encodeClose } from '@ws/codec';
import { checkTypes, NotSentError, readInteger } from '@ws/connection';
import { accept } from './accept.ts';
import { type Address, type Conn, closeQuietly, denoNetwork, type Listener } from './deno.ts';
import type { ListenOptions } from './listen-options.ts';
import type { PolicyOptions } from './options.ts';
import { AcceptPolicy } from './policy.ts';
import type { ServerWebSocket } from './socket.ts';

/** Where a server listens, and what it accepts. */
export interface ServeOptions<Context = unknown> extends PolicyOptions<Context>, ListenOptions<Context> {}

/** Is called for each WebSocket that has been accepted. When it returns, the WebSocket stays as it is. */
export type Handler<Context = unknown> = (socket: ServerWebSocket<Context>) => void | Promise<void>;

/** How long to wait after an error in accepting (no file descriptor is free, for example), in milliseconds. */
const ACCEPT_AGAIN = 100;

/** The names of errors that are of one client alone, which has gone before it was accepted. */
const GONE: readonly string[] = ['NotConnected', 'ConnectionReset', 'ConnectionAborted'];

/** A server that listens. */
export class Server<Context = unknown> {
  /** Where it listens. */
  readonly addr: Address;
  /** Fulfilled once the server is closed and no connection is left. */
  readonly finished: Promise<void>;
  /** The open connections, and those that are closing. */
  readonly clients: ReadonlySet<ServerWebSocket<Context>>;

  readonly #listener: Listener;
  readonly #policy: AcceptPolicy<Context>;
  readonly #handler: Handler<Context>;
  readonly #onError: (error: unknown, socket: ServerWebSocket<Context>) => void;
  readonly #clients = new Set<ServerWebSocket<Context>>();
  readonly #connections = new Set<Promise<void>>();
  /** Ends what is still shaking hands. */
  readonly #stop = new AbortController();
  /** The arguments of {@link close}: also for the connections whose 101 was being written then. */
  #closing: { readonly code: number; readonly reason: string | undefined } | undefined;

  /** @internal */
  constructor(
    listener: Listener,
    policy: AcceptPolicy<Context>,
    handler: Handler<Context>,
    onError: (error: unknown, socket: ServerWebSocket<Context>) => void,
  ) {
    this.#listener = listener;
    this.#policy = policy;
    this.#handler = handler;
    this.#onError = onError;
    this.addr = listener.addr as Address;
    this.clients = this.#clients;
    this.finished = this.#run();
  }

  /**
   * Stops taking new connections; open ones go on, and handshakes get a 503, but for those whose 101 is being written.
   *
   * @returns {@link finished}
   */
  shutdown(): Promise<void> {
    if (!this.#stop.signal.aborted) {
      this.#stop.abort();
      closeQuietly(this.#listener);
    }
    return this.finished;
  }

  /**
   * Stops taking new connections, and closes those that are open, or will be since their 101 is being written.
   *
   * @param code as of `ServerWebSocket.close`. Default: 1001, going away
   * @returns {@link finished}
   * @throws TypeError or RangeError for what may not be sent
   */
  close(code: number = CloseCode.GoingAway, reason?: string): Promise<void> {
    // What may not be sent is an error also where no client is there.
    encodeClose(code, reason);
    this.#closing ??= { code, reason };
    for (const socket of this.#clients) void socket.close(code, reason);
    return this.shutdown();
  }

  /** Closes with 1001 and waits for the end: `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const conn = await this.#listener.accept();
        if (signal.aborted) closeQuietly(conn);
        else this.#follow(conn);
      } catch (error) {
        // A wait for each client that resets would shut out all others. Else the listener is closed, or the system has
        // run out of something.
        if (!signal.aborted && !GONE.includes((error as Error).name)) await pause(ACCEPT_AGAIN, signal);
      }
    }
    while (this.#connections.size > 0) await Promise.all(this.#connections);
  }

  #follow(conn: Conn): void {
    const connection = this.#connect(conn).finally(() => this.#connections.delete(connection));
    this.#connections.add(connection);
  }

  async #connect(conn: Conn): Promise<void> {
    const { signal } = this.#stop;
    const socket = await accept(conn, this.#policy, { signal });
    if (socket === undefined) return;
    this.#clients.add(socket);
    void this.#handle(socket);
    if (this.#closing !== undefined) void socket.close(this.#closing.code, this.#closing.reason);
    await socket.closed;
    this.#clients.delete(socket);
  }

  async #handle(socket: ServerWebSocket<Context>): Promise<void> {
    try {
      await this.#handler(socket);
    } catch (error) {
      // Errors that only report the end of the handler's own connection are not told. A NotSentError while it is open
      // is another socket's.
      if (error instanceof NotSentError && socket.state !== 'open') return;
      if (socket.state === 'closed' && error === (await socket.closed).cause) return;
      void socket.close(CloseCode.InternalError);
      try {
        this.#onError(error, socket);
      } catch (thrown) {
        reportError(thrown);
      }
    }
  }
}

/**
 * Listens for WebSockets.
 *
 * @example
 * serve({ port: 8080, allowedOrigins: ['https://example.com'] }, async (socket) => {
 *   for await (const { data } of socket) await socket.send(data);
 * });
 *
 * @throws TypeError or RangeError for options of the wrong kind, before anything listens; the reason of a `signal` that
 *   is aborted already; what `onListen` throws; what Deno throws where it cannot listen, or may not
 */
export function serve<Context = unknown>(options: ServeOptions<Context>, handler: Handler<Context>): Server<Context> {
  const network = denoNetwork();
  if (typeof options !== 'object' || options === null || typeof handler !== 'function') {
    throw new TypeError('serve() takes options and a handler of WebSockets');
  }
  const policy = new AcceptPolicy(options);
  const { hostname, cert, key, signal, onListen, onError = (error) => console.error(error) } = options;
  if (typeof options.port !== 'number') throw new TypeError(`port must be a number, got ${typeof options.port}`);
  checkTypes('string', { hostname, cert, key });
  checkTypes('function', { onListen, onError });
  if ((cert === undefined) !== (key === undefined)) throw new TypeError('cert and key must be given together');
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('signal must be an AbortSignal');
  const where = {
    port: readInteger(options.port, 'port', { default: 0, max: 65_535 }),
    ...(hostname === undefined ? {} : { hostname }),
  };
  signal?.throwIfAborted();
  const listener =
    cert === undefined || key === undefined
      ? network.listen(where)
      : network.listenTls({ ...where, cert, key, alpnProtocols: ['http/1.1'] });
  try {
    onListen?.(listener.addr as Address);
  } catch (error) {
    // The caller gets no server that it could close.
    closeQuietly(listener);
    throw error;
  }
  const server = new Server(listener, policy, handler, onError);
  if (signal !== undefined) {
    const close = () => void server.close();
    signal.addEventListener('abort', close, { once: true });
    void server.finished.then(() => signal.removeEventListener('abort', close));
    // `onListen` may have aborted it.
    if (signal.aborted) close();
  }
  return server;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
