import {
  type Data,
  Driver,
  type Extension,
  type Message,
  MessageQueue,
  type SendCallback,
  type SendOptions,
} from '@ws/connection';
import { clock } from './clock.ts';
import type { Conn } from './deno.ts';
import { DenoTransport } from './deno-transport.ts';
import type { Released } from './pending-conn.ts';
import { platform, sendMemory } from './platform.ts';

/** How a connection has ended. */
export interface CloseInfo {
  /** That of the peer's Close; 1005 if it had none; 1006 if there was no Close, and then `cause` says why. */
  readonly code: number;
  /** That of the peer's Close, or ''. */
  readonly reason: string;
  /** A `ProtocolError` with name and offset, the system's error, a timeout. */
  readonly cause: Error | undefined;
}

/** What a handshake hands to a {@link ServerWebSocket}. */
export interface ServerWebSocketInit<Context> {
  readonly conn: Conn;
  readonly released: Released;
  readonly request: Request;
  readonly protocol: string;
  /** As in the response's Sec-WebSocket-Extensions. */
  readonly extensions: string;
  readonly running: readonly Extension[];
  readonly context: Context | undefined;
  readonly maxPayload: number;
  readonly closeTimeout: number;
  readonly closeReplyTimeout: number;
}

/** What `send` returns where nothing has to be waited for. */
const GONE: Promise<boolean> = Promise.resolve(false);
const ROOM: Promise<boolean> = Promise.resolve(true);

/** The socket of an adapter's own making, from inside. */
export let socketOf: <Context>(init: ServerWebSocketInit<Context>) => ServerWebSocket<Context>;

/**
 * One WebSocket of a server, after its handshake. Messages that arrive before anybody asks for them wait; with 64 KiB of
 * them, reading stops.
 */
export class ServerWebSocket<Context = unknown> {
  static {
    socketOf = (init) => new ServerWebSocket(init);
  }

  /** The request that has opened it. */
  readonly request: Request;
  /** The subprotocol that was agreed on, or ''. */
  readonly protocol: string;
  /** The extensions that were agreed on, as in Sec-WebSocket-Extensions, or ''. */
  readonly extensions: string;
  /** What `authenticate` has handed over: who the client is, say. */
  readonly context: Context;
  /** The connection's `remoteAddr`: of a proxy, if there is one. */
  readonly remoteAddr: unknown;
  /** How it has ended, once it has. Never rejected. */
  readonly closed: Promise<CloseInfo>;

  readonly #driver: Driver;
  readonly #queue: MessageQueue;
  /** Who waits for room. */
  #waiting: ((room: boolean) => void)[] = [];
  #drained: Promise<boolean> | undefined;
  #cause: Error | undefined;
  #tellClosed!: (info: CloseInfo) => void;

  private constructor(init: ServerWebSocketInit<Context>) {
    this.request = init.request;
    this.protocol = init.protocol;
    this.extensions = init.extensions;
    this.context = init.context as Context;
    this.remoteAddr = init.conn.remoteAddr;
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
    });
    const transport = new DenoTransport(init.conn);
    this.#queue = new MessageQueue({ pause: () => this.#driver.pause(), resume: () => this.#driver.resume() });
    this.#driver = new Driver({
      role: 'server',
      transport,
      clock,
      platform,
      sendMemory,
      limits: { maxMessagePayload: init.maxPayload },
      extensions: init.running,
      closeTimeout: init.closeTimeout,
      closeReplyTimeout: init.closeReplyTimeout,
      handler: {
        message: (payload, isBinary) => this.#message(payload, isBinary),
        ping: () => {},
        pong: () => {},
        drain: () => this.#settle(this.#driver.state === 'open'),
        close: (code, reason, cause) => this.#closed(code, reason, cause),
        thrown: reportError,
      },
    });
    const { early, begun } = init.released;
    if (early.length > 0) this.#driver.received(early);
    transport.connect(this.#driver, begun);
  }

  /** `open` until one end closes it, `closed` once the connection is gone. */
  get state(): 'open' | 'closing' | 'closed' {
    if (this.#driver.gone) return 'closed';
    return this.#driver.state === 'open' ? 'open' : 'closing';
  }

  /** How many bytes were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#driver.bufferedAmount;
  }

  /** Why the connection ended without a Close of the peer; see {@link closed}. */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /**
   * Sends a message: a string as text, anything else as binary unless `binary` says otherwise. What is sent before an `await`
   * leaves in one write.
   *
   * Data of up to 4 KiB is copied at once; more must not change until the callback.
   *
   * @param callback called when the bytes were handed to the system, or with an error if they never will be
   * @returns true once there is room for more, which is at once with less than 64 KiB waiting; false if the connection is not
   *   open, or ends first. Never rejected: a client that goes away is no error of whoever sends
   * @throws TypeError for data that cannot be sent: another type (a number, say), bytes that are not UTF-8 as text
   */
  send(data: Data, options: SendOptions = {}, callback?: SendCallback): Promise<boolean> {
    return this.#driver.send(data, options, callback) ? ROOM : this.#room();
  }

  /**
   * Sends a ping of at most 125 bytes; as {@link send}. Pings of the peer are answered without it.
   *
   * @throws TypeError for data of the wrong type; RangeError if it is too long
   */
  ping(data?: Data): Promise<boolean> {
    return this.#driver.ping(data) ? ROOM : this.#room();
  }

  /**
   * Starts the closing handshake. Messages that arrive before the peer's Close are still delivered.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. Default: none
   * @param reason at most 123 bytes of UTF-8
   * @returns {@link closed}
   * @throws TypeError or RangeError for what may not be sent
   */
  close(code?: number, reason?: string): Promise<CloseInfo> {
    this.#driver.close(code, reason);
    this.#dropUnwanted();
    return this.closed;
  }

  /** Ends the connection at once, without a Close. */
  terminate(): void {
    this.#driver.terminate();
    this.#queue.clear();
  }

  /**
   * The messages, one by one: reading stops while the consumer is busy and 64 KiB wait. Ends on a clean close, and throws
   * {@link cause} where there was none (1006).
   */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    return this.#queue.iterate(() => this.#driver.state === 'closing' && this.#dropUnwanted());
  }

  /** Closes with 1000 and waits for the end: `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(1000);
  }

  #message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
    if (this.#driver.state === 'open' || this.#queue.iterating) this.#queue.push(payload, isBinary);
  }

  /** After our Close: if nobody asks, waiting messages would stand before the peer's for ever. */
  #dropUnwanted(): void {
    if (!this.#queue.iterating) this.#queue.clear();
  }

  #room(): Promise<boolean> {
    if (this.#driver.state !== 'open') return GONE;
    this.#drained ??= new Promise((resolve) => this.#waiting.push(resolve));
    return this.#drained;
  }

  #settle(room: boolean): void {
    this.#drained = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve(room);
  }

  #closed(code: number, reason: string, cause: Error | undefined): void {
    this.#cause = cause;
    this.#queue.end(cause);
    this.#settle(false);
    this.#tellClosed({ code, reason, cause });
  }
}
