import { textOf } from './text-of.ts';
import { TypedEmitter } from './typed-emitter.ts';
import type { WebSocketEvents } from './websocket-events.ts';

/** The events that listeners get which are added as in browsers. */
export interface BrowserEvents {
  /** Never told: a server's WebSocket is open from the start. */
  open: { readonly type: 'open'; readonly target: SocketEventTarget };
  message: {
    readonly type: 'message';
    readonly target: SocketEventTarget;
    /** Text as a string; binary as `binaryType` has it. */
    // biome-ignore lint/suspicious/noExplicitAny: as in browsers, where only the listener knows what it has asked for
    readonly data: any;
  };
  close: {
    readonly type: 'close';
    readonly target: SocketEventTarget;
    /** Equals the first argument of Node's 'close'. */
    readonly code: number;
    readonly reason: string;
    /** Whether there was a Close of the peer: the code is not 1006. */
    readonly wasClean: boolean;
  };
  error: {
    readonly type: 'error';
    readonly target: SocketEventTarget;
    readonly error: Error;
    /** Repeats `error.message`, as in browsers. */
    readonly message: string;
  };
}

/** A listener that is added as in browsers. */
export type BrowserListener<Type extends keyof BrowserEvents> =
  | ((event: BrowserEvents[Type]) => void)
  | {
      /** Called in place of the listener. */
      readonly handleEvent: (event: BrowserEvents[Type]) => void;
    };

/** `onmessage` and the like. */
export type BrowserHandler<Type extends keyof BrowserEvents> = ((event: BrowserEvents[Type]) => void) | null;

/** A listener of Node's that stands for one of browsers. */
interface Adapter {
  (...args: unknown[]): void;
  /** The listener. By the name `listener`, Node would take this for one that `once` has wrapped. */
  readonly wrapped: BrowserListener<never>;
  /** Whether it was set as `onmessage` or the like, of which there is one for each event. */
  readonly isHandler: boolean;
}

/** Makes each event of browsers from the arguments of Node's. */
const EVENTS: {
  readonly [Type in keyof BrowserEvents]: (target: SocketEventTarget, ...args: never[]) => BrowserEvents[Type];
} = {
  open: (target) => ({ type: 'open', target }),
  message: (target, data: Buffer, isBinary: boolean) => ({
    type: 'message',
    target,
    data: isBinary ? data : textOf(data),
  }),
  close: (target, code: number, reason: Buffer) => ({
    type: 'close',
    target,
    code,
    reason: reason.toString(),
    wasClean: code !== 1006,
  }),
  error: (target, error: Error) => ({ type: 'error', target, error, message: error.message }),
};

/** Takes listeners as a browser's WebSocket does, besides those of Node, for libraries that are written for either. */
export class SocketEventTarget extends TypedEmitter<WebSocketEvents> {
  declare onopen: BrowserHandler<'open'>;
  declare onmessage: BrowserHandler<'message'>;
  declare onclose: BrowserHandler<'close'>;
  declare onerror: BrowserHandler<'error'>;

  /** Adds a listener as in browsers: not twice, and only for the events of {@link BrowserEvents}. */
  addEventListener<Type extends keyof BrowserEvents>(
    type: Type,
    listener: BrowserListener<Type> | null,
    options?: { readonly once?: boolean | undefined } | boolean,
  ): void {
    if (!Object.hasOwn(EVENTS, type) || listener === null || adapterOf(this, type, listener) !== undefined) return;
    const once = typeof options === 'object' && options?.once === true;
    this[once ? 'once' : 'on'](type as 'message', adapt(this, type, listener, false));
  }

  /** Takes back what {@link addEventListener} has added; nothing happens if it has not. */
  removeEventListener<Type extends keyof BrowserEvents>(type: Type, listener: BrowserListener<Type> | null): void {
    const adapter = adapterOf(this, type, listener);
    if (adapter !== undefined) this.off(type as 'message', adapter);
  }
}

for (const type of Object.keys(EVENTS) as (keyof BrowserEvents)[]) {
  Object.defineProperty(SocketEventTarget.prototype, `on${type}`, {
    configurable: true,
    enumerable: true,
    get(this: SocketEventTarget) {
      return adapterOf(this, type)?.wrapped ?? null;
    },
    set(this: SocketEventTarget, handler: unknown) {
      const before = adapterOf(this, type);
      if (before !== undefined) this.off(type as 'message', before);
      if (typeof handler === 'function') this.on(type as 'message', adapt(this, type, handler as () => void, true));
    },
  });
}

function adapt<Type extends keyof BrowserEvents>(
  target: SocketEventTarget,
  type: Type,
  listener: BrowserListener<Type>,
  isHandler: boolean,
): Adapter {
  if (typeof listener !== 'function' && typeof listener !== 'object') {
    throw new TypeError(`a listener must be a function or an object with handleEvent, got ${typeof listener}`);
  }
  const tell = (...args: unknown[]): void => {
    const event = EVENTS[type](target, ...(args as never[]));
    if (typeof listener === 'function') listener.call(target, event);
    else listener.handleEvent(event);
  };
  return Object.assign(tell, { wrapped: listener as BrowserListener<never>, isHandler });
}

/** Finds the adapter of a listener, or of what is set as `on…`. */
function adapterOf(target: SocketEventTarget, type: string, listener?: unknown): Adapter | undefined {
  const adapters = target.listeners(type as 'message') as readonly Partial<Adapter>[];
  return adapters.find((adapter) =>
    listener === undefined ? adapter.isHandler === true : adapter.isHandler === false && adapter.wrapped === listener,
  ) as Adapter | undefined;
}
