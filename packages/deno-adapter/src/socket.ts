import { type DriverSettings, type Extension, Socket } from '@ws/connection';
import type { Conn } from './deno.ts';
import { DenoTransport } from './deno-transport.ts';
import type { Released } from './pending-conn.ts';

/** The parts that a handshake hands to a {@link ServerWebSocket}. */
export interface ServerWebSocketInit<Context> {
  readonly conn: Conn;
  readonly released: Released;
  readonly request: Request;
  readonly protocol: string;
  /** The value of the response's Sec-WebSocket-Extensions. */
  readonly extensionsHeader: string;
  readonly extensions: readonly Extension[];
  readonly context: Context | undefined;
  readonly driverSettings: DriverSettings;
}

/** Makes a {@link ServerWebSocket}; for a handshake only. */
export let socketOf: <Context>(init: ServerWebSocketInit<Context>) => ServerWebSocket<Context>;

/**
 * One WebSocket of a server, after its handshake: a `Socket` of `@ws/connection` that knows where it comes from.
 * Messages that arrive before anybody asks for them wait; with 64 KiB of them, reading stops.
 */
export class ServerWebSocket<Context = unknown> extends Socket {
  static {
    // By its name, esbuild would rename the class, whose name applications see.
    socketOf = (init) => new this(init);
  }

  /** The request that has opened it. */
  readonly request: Request;
  /** The subprotocol that was agreed on, or ''. */
  readonly protocol: string;
  /** The extensions that were agreed on, as in Sec-WebSocket-Extensions, or ''. */
  readonly extensions: string;
  /** The context that `authenticate` has handed over, such as who the client is. */
  readonly context: Context;
  /** The connection's `remoteAddr`: of a proxy, if there is one. */
  readonly remoteAddr: unknown;

  private constructor(init: ServerWebSocketInit<Context>) {
    const { conn, released, extensions, driverSettings } = init;
    super(new DenoTransport(conn, released.begun), { extensions, early: released.early }, driverSettings);
    this.request = init.request;
    this.protocol = init.protocol;
    this.extensions = init.extensionsHeader;
    this.context = init.context as Context;
    this.remoteAddr = init.conn.remoteAddr;
  }

  /** Closes with 1000 and waits for the end: `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(1000);
  }
}
