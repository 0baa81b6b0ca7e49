import type { EventEmitter } from 'node:events';
import { CloseCode, ProtocolError } from '@ws/codec';
import {
  type Data,
  Driver,
  type DriverHandler,
  type Extension,
  kindOf,
  type Message,
  type Overflow,
  PauseReason,
  type PreparedMessage,
  type SendCallback,
  type SendOptions,
} from '@ws/connection';
import { type BinaryType, checkBinaryType, dataAs } from './binary-type.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { controlArguments } from './control-arguments.ts';
import { SocketEventTarget } from './event-target.ts';
import { HeldMessages, type Holder } from './held-messages.ts';
import { leanListeners } from './lean-listeners.ts';
import { MessageHook, type MessageHookHost } from './message-hook.ts';
import { Throttle } from './rate/throttle.ts';
import { inContext } from './runtime/async-context.ts';
import { clock } from './runtime/clock.ts';
import { rethrow } from './runtime/rethrow.ts';
import { TextTooLong } from './text-of.ts';
import type { SocketTransport } from './transport/socket-transport.ts';

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** The server as a {@link WebSocket} sees it: one object for all, which hears what happens to each. */
export interface WebSocketHost<Context> {
  /** Called before 'close': no listener, which the application could remove. */
  closed(socket: WebSocket<Context>, code: number, reason: string): void;
  /** `maxBufferedAmount` was reached. */
  overflow(policy: Overflow): void;
  /** A `send` has returned false, for the first time since the last 'drain'. */
  backpressure(socket: WebSocket<Context>): void;
}

/** All that a server hands to a new {@link WebSocket}. */
export interface WebSocketInit<Context> {
  readonly transport: SocketTransport;
  readonly protocol: string;
  /** The value of the response's Sec-WebSocket-Extensions. */
  readonly extensionsHeader: string;
  /** Undefined for none. */
  readonly extensions: readonly Extension[] | undefined;
  readonly context: Context;
  readonly remoteAddress: string | undefined;
  readonly settings: ConnectionSettings;
  readonly host: WebSocketHost<Context>;
}

/** Gets the driver of a WebSocket, for its server only. */
export let driverOf: (socket: WebSocket) => Driver;
/**
 * What the driver tells a WebSocket: one object, since a closure for each event would cost an idle connection a
 * kilobyte. Not a static member: esbuild renames a class that names itself, and `WebSocket.name` is public.
 */
let Events: new (socket: WebSocket) => DriverHandler;

/**
 * A connection of a `WebSocketServer`, after its handshake. Messages wait until there is a listener; with 64 KiB of
 * them, reading stops.
 */
export class WebSocket<Context = unknown> extends SocketEventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  static {
    driverOf = (socket) => socket.#driver;
    Events = class implements DriverHandler {
      readonly #socket: WebSocket;

      constructor(socket: WebSocket) {
        this.#socket = socket;
      }

      message(payload: Uint8Array<ArrayBuffer>, isBinary: boolean): void {
        this.#socket.#arrived(payload as Buffer<ArrayBuffer>, isBinary);
      }

      ping(payload: Uint8Array<ArrayBuffer>): void {
        this.#socket.emit('ping', payload as Buffer<ArrayBuffer>);
      }

      pong(payload: Uint8Array<ArrayBuffer>): void {
        this.#socket.emit('pong', payload as Buffer<ArrayBuffer>);
      }

      drain(): void {
        this.#socket.#behind = false;
        this.#socket.emit('drain');
      }

      overflow(policy: Overflow): void {
        this.#socket.#host.overflow(policy);
      }

      close(code: number, reason: string, cause: Error | undefined): void {
        this.#socket.#closed(code, reason, cause);
      }

      thrown(error: unknown): void {
        if (!(error instanceof TextTooLong)) rethrow(error);
      }
    };
    // These are no methods of the class: the three do the same, and have their types from TypedEmitter.
    for (const name of ['on', 'addListener', 'prependListener'] as const) {
      const add = SocketEventTarget.prototype[name] as (
        this: WebSocket,
        event: string | symbol,
        listener: unknown,
      ) => WebSocket;
      // biome-ignore lint/complexity/noThisInStatic: by its name, esbuild would rename the class
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        writable: true,
        value(this: WebSocket, event: string | symbol, listener: unknown): WebSocket {
          add.call(this, event, listener);
          if (event === 'message') this.#messageListenerAdded();
          else if (event === 'close') this.#tellCloseSoon();
          return this;
        },
      });
    }
  }
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  /** The subprotocol that was agreed on, or ''. */
  readonly protocol: string;
  /** The extensions that were agreed on, as in Sec-WebSocket-Extensions, or ''. */
  readonly extensions: string;
  /** What `verifyClient` has handed over, such as who the client is. */
  readonly context: Context;
  /** The client's address; behind a proxy that `trustProxy` does not name, the proxy's. */
  readonly remoteAddress: string | undefined;

  readonly #driver: Driver;
  /** Made when a message has to wait, or an iteration asks for one. */
  #held: HeldMessages | undefined;
  #paused = false;
  /** There is a listener for messages, or was. */
  #heard = false;
  #binaryType: BinaryType = 'nodebuffer';
  #cause: Error | undefined;
  /** No message will come any more, and `cause` is known. */
  #ended = false;
  /** Emits 'close', if nobody listened to it when it came: to whoever listens then, behind the messages that are held. */
  #tellLate: (() => void) | undefined;
  /** They wait for the end, and are no listeners: those the application could remove, or stop by throwing. */
  #disposers: (() => void)[] | undefined;
  readonly #host: WebSocketHost<Context>;
  /** A `send` has returned false, and nothing has drained since. */
  #behind = false;
  readonly #throttle: Throttle | undefined;
  readonly #hook: MessageHook | undefined;

  /**
   * Connections are made by a server: listen for its 'connection'. To all others it says `never`, so that nothing that
   * is internal need be named.
   *
   * @internal
   */
  constructor(init: never);
  constructor(init: WebSocketInit<Context>) {
    super();
    if (typeof init !== 'object' || init === null || init.transport === undefined) {
      throw new TypeError(
        "this package is a server: a WebSocket comes with the 'connection' event of a WebSocketServer",
      );
    }
    leanListeners(this as unknown as EventEmitter);
    this.protocol = init.protocol;
    this.extensions = init.extensionsHeader;
    this.context = init.context;
    this.remoteAddress = init.remoteAddress;
    this.#host = init.host;
    const { transport, settings } = init;
    this.#driver = new Driver(
      { transport, extensions: init.extensions, handler: new Events(this) },
      settings.driverSettings,
    );
    const { rateLimit, messageHook } = settings;
    if (rateLimit.messages !== undefined || rateLimit.bytes !== undefined) {
      this.#throttle = new Throttle(this.#driver, rateLimit);
    }
    if (messageHook !== undefined) {
      const { ask, timeout } = messageHook;
      const host: MessageHookHost = {
        ask: (message) => ask(message, this),
        pause: () => this.#driver.pause(PauseReason.Hook),
        resume: () => this.#driver.resume(PauseReason.Hook),
        deliver: (payload, isBinary) => this.#driver.call(() => this.#message(payload, isBinary)),
        failed: (cause, code, reason) => this.#fail(cause, code, reason),
      };
      this.#hook = new MessageHook(host, timeout);
    }
    transport.connect(this.#driver, this.#throttle);
  }

  /** 1 open, 2 closing, 3 closed; a server's WebSocket is never connecting (0). */
  get readyState(): 1 | 2 | 3 {
    if (this.#driver.gone) return CLOSED;
    return this.#driver.state === 'open' ? OPEN : CLOSING;
  }

  /** How many bytes were sent and have not left this process. */
  get bufferedAmount(): number {
    return this.#driver.bufferedAmount;
  }

  /**
   * What listeners get a binary message as: a Buffer by default, and once set, that from then on. Text stays a Buffer
   * for 'message', and a string for `addEventListener`; an iteration gets Buffers. The types of the events do not
   * follow.
   */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  /** @throws TypeError if it is not such a type */
  set binaryType(type: BinaryType) {
    checkBinaryType(type);
    this.#binaryType = type;
  }

  /** Whether {@link pause} has stopped the reading. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Why the connection ended without a Close of the peer: a `ProtocolError` with name and offset, the system's error, a
   * timeout; what a message hook has thrown; or that a text is longer than a string may be.
   */
  get cause(): Error | undefined {
    return this.#cause;
  }

  /**
   * Sends a message: a string as text, anything else as binary unless `binary` says otherwise.
   *
   * Data of up to 4 KiB is copied at once; more must not change until the callback. What a server has prepared has its
   * own options.
   *
   * @param callback called when the bytes were handed to the system, or with an error if they never will be
   * @returns false if the caller should wait for 'drain' before it sends more, and if the connection is not open
   * @throws TypeError for data that cannot be sent: another type (such as a number), bytes that are not UTF-8 as text.
   *   What is refused, on a connection that is not open above all, is not looked at
   */
  send(data: Data | PreparedMessage, callback?: SendCallback): boolean;
  send(data: Data | PreparedMessage, options: SendOptions, callback?: SendCallback): boolean;
  send(data: Data | PreparedMessage, options: SendOptions | SendCallback = {}, callback?: SendCallback): boolean {
    const goOn =
      typeof options === 'function'
        ? this.#driver.send(data, {}, inContext(options))
        : this.#driver.send(data, options, inContext(callback));
    if (!goOn && !this.#behind && this.#driver.state === 'open') {
      this.#behind = true;
      this.#host.backpressure(this);
    }
    return goOn;
  }

  /**
   * Sends a ping of at most 125 bytes. The second argument of `ws`, `mask`, is taken and ignored: a server never masks.
   *
   * @throws TypeError for data of the wrong type; RangeError if it is too long; on a connection that is open, as
   *   {@link send}
   */
  ping(data?: Data | SendCallback, mask?: boolean | SendCallback, callback?: SendCallback): boolean {
    const [payload, done] = controlArguments(data, mask, callback);
    return this.#driver.ping(payload, inContext(done));
  }

  /** Sends a pong that was not asked for, as {@link ping} does; pings are answered without it. */
  pong(data?: Data | SendCallback, mask?: boolean | SendCallback, callback?: SendCallback): boolean {
    const [payload, done] = controlArguments(data, mask, callback);
    return this.#driver.pong(payload, inContext(done));
  }

  /**
   * Starts the closing handshake. Messages that arrive before the peer's Close are still delivered.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. Default: none, or 1000 with a reason
   * @param reason at most 123 bytes of UTF-8
   * @throws TypeError or RangeError for what may not be sent, unless the connection is closed
   */
  close(code?: number | undefined, reason?: string | Buffer | undefined): void {
    if (this.#driver.gone) return;
    if (reason !== undefined && typeof reason !== 'string' && !Buffer.isBuffer(reason)) {
      throw new TypeError(`reason must be a string or a Buffer, got ${kindOf(reason)}`);
    }
    this.#driver.close(code ?? (reason?.length ? CloseCode.Normal : undefined), reason?.toString());
    if (this.#heard) this.#held?.dropLater();
    else this.#held?.dropUnwanted();
  }

  /** Ends the connection at once, without a Close. */
  terminate(): void {
    this.#driver.terminate();
    this.#hook?.stop();
    this.#held?.clear();
    this.#tellCloseSoon();
  }

  /**
   * Stops reading: no event until {@link resume} but 'close', and no answer to a ping. Where the client is lost
   * meanwhile, what was read before is kept for `closeReplyTimeout`, and 'close' comes behind it.
   */
  pause(): void {
    if (this.#driver.gone && !this.#holds) return;
    this.#paused = true;
    this.#driver.pause();
  }

  /** Takes a {@link pause} back: what waited is delivered first. */
  resume(): void {
    this.#paused = false;
    this.#held?.deliverSoon();
    this.#driver.resume();
    if (this.#heard) this.#held?.dropLater();
  }

  /**
   * The messages, one by one: reading stops while the consumer is busy and 64 KiB wait. Ends on a clean close, and
   * throws {@link cause} where there was none (1006). Messages go to 'message' listeners instead as long as there are
   * any.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message<Buffer<ArrayBuffer>>, void, void> {
    const held = this.#ensureHeld();
    return held.iterate(() => {
      if (this.#driver.state === 'closing' && !this.#driver.keepsUntaken) held.dropUnwanted();
      else this.#tellLate?.();
    });
  }

  /**
   * Closes with 1000 and waits for the end: for `await using`. That of one that is paused comes with
   * `closeReplyTimeout`, since the peer's Close is not read.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const ended = new Promise<void>((resolve) => {
      this.#disposers ??= [];
      this.#disposers.push(resolve);
    });
    this.close(1000);
    await ended;
  }

  #messageListenerAdded(): void {
    this.#heard = true;
    this.#held?.deliverSoon();
  }

  /** Tells a late 'close' when this turn is over: a 'message' listener, or an iteration, that it brings comes first. */
  #tellCloseSoon(): void {
    if (this.#tellLate === undefined) return;
    clock.defer(() => {
      if (!this.#holds || !this.#held!.wanted) this.#tellLate?.();
    });
  }

  /** Whether there is a listener for messages. */
  get #hears(): boolean {
    return this.listenerCount('message') > 0;
  }

  /** Whether a message waits. */
  get #holds(): boolean {
    return this.#held !== undefined && this.#held.length > 0;
  }

  #ensureHeld(): HeldMessages {
    if (this.#held === undefined) {
      const holder: Holder = {
        hears: () => this.#hears,
        isPaused: () => this.#paused,
        deliver: ({ payload, isBinary }) =>
          this.#driver.call(() => this.#emitMessage(payload as Buffer<ArrayBuffer>, isBinary)),
        emptied: () => this.#tellLate?.(),
      };
      this.#held = new HeldMessages(holder, this.#driver);
      if (this.#ended) this.#held.end(this.#cause);
    }
    return this.#held;
  }

  #arrived(payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    if (this.#throttle?.message() === false) return;
    if (this.#hook === undefined) this.#message(payload, isBinary);
    else this.#hook.message(payload, isBinary);
  }

  #message(payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    const hears = this.#hears;
    if (hears && !this.#holds && !this.#paused) this.#emitMessage(payload, isBinary);
    else if (hears || this.#heard || this.#driver.keepsUntaken || this.#held?.iterated === true) {
      const held = this.#ensureHeld();
      held.push(payload, isBinary);
      if (this.#heard && !hears) held.dropLater();
    }
  }

  #emitMessage(payload: Buffer<ArrayBuffer>, isBinary: boolean): void {
    const asItIs = !isBinary || this.#binaryType === 'nodebuffer';
    try {
      this.emit('message', asItIs ? payload : dataAs(this.#binaryType, payload), isBinary);
    } catch (error) {
      if (error instanceof TextTooLong) this.#fail(error, CloseCode.MessageTooBig);
      throw error;
    }
  }

  /** Closes because of a message that the application cannot take. */
  #fail(cause: Error, code: number, reason = ''): void {
    this.#cause = cause;
    this.close(code, reason);
  }

  #closed(code: number, reason: string, ending: Error | undefined): void {
    const failed = this.#cause;
    const cause = failed ?? ending;
    this.#cause = cause;
    this.#throttle?.stop();
    this.#hook?.stop();
    this.#ended = true;
    for (const dispose of this.#disposers ?? []) dispose();
    this.#held?.end(cause);
    // What the system says of a connection, a reset above all, is no violation. If a listener throws, 'close'
    // follows nevertheless.
    if ((cause instanceof ProtocolError || failed !== undefined) && this.listenerCount('error') > 0) {
      this.#driver.call(() => this.emit('error', cause as Error), true);
    }
    this.#host.closed(this, code, reason);
    const tell = () => this.emit('close', code, Buffer.from(reason));
    if (tell()) return;
    this.#tellLate = () => {
      if (this.listenerCount('close') === 0) return;
      this.#tellLate = undefined;
      this.#driver.call(tell, true);
    };
  }
}

/** The types of messages by the names that they have in `@types/ws`. */
export declare namespace WebSocket {
  /** What a listener of 'message' gets. */
  type RawData = Buffer<ArrayBuffer>;
  /** What a listener of either style gets: a Buffer, or text. */
  type Data = string | RawData;
}

Object.assign(WebSocket.prototype, { CONNECTING, OPEN, CLOSING, CLOSED });
