import type { Extension, Overflow } from '@ws/connection';
import type { ConnectionSettings } from './connection-settings.ts';
import type { SocketTransport } from './transport/socket-transport.ts';

/** Who is told what happens to a `WebSocket`: its server, with one object for all. */
export interface WebSocketHost {
  /** Called before 'close': no listener, which the application could remove. */
  closed(socket: object, code: number, reason: string): void;
  /** `maxBufferedAmount` was reached. */
  overflow(policy: Overflow): void;
  /** A `send` has returned false. */
  backpressure(socket: object): void;
}

/** What a server hands to a `WebSocket`. */
export interface WebSocketInit {
  readonly transport: SocketTransport;
  readonly protocol: string;
  /** As in the response's Sec-WebSocket-Extensions. */
  readonly extensionsHeader: string;
  readonly extensions: readonly Extension[];
  readonly context: unknown;
  readonly remoteAddress: string | undefined;
  readonly settings: ConnectionSettings;
  readonly host: WebSocketHost;
}
