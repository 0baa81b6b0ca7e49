import { CloseCode, ProtocolError } from '@ws/codec';
import { NotSentError, PreparedMessage } from '@ws/connection';
import { HandshakeError } from '@ws/handshake';
import { SocketEventTarget } from './event-target.ts';
import type { ServerOptions } from './options.ts';
import { ProxyProtocolError } from './proxy/proxy-header.ts';
import { WebSocketServer } from './server.ts';
import { createWebSocketStream } from './stream.ts';
import { WebSocket } from './websocket.ts';
import type { RawData } from './websocket-events.ts';

/** What `require` gives, as of `ws`: the class with its constants, and all else on it. */
export const commonJs: typeof WebSocket & {
  readonly CloseCode: typeof CloseCode;
  readonly HandshakeError: typeof HandshakeError;
  readonly NotSentError: typeof NotSentError;
  readonly PreparedMessage: typeof PreparedMessage;
  readonly ProtocolError: typeof ProtocolError;
  readonly ProxyProtocolError: typeof ProxyProtocolError;
  readonly Server: typeof WebSocketServer;
  readonly SocketEventTarget: typeof SocketEventTarget;
  readonly WebSocket: typeof WebSocket;
  readonly WebSocketServer: typeof WebSocketServer;
  readonly createWebSocketStream: typeof createWebSocketStream;
} = Object.assign(WebSocket, {
  CloseCode,
  HandshakeError,
  NotSentError,
  PreparedMessage,
  ProtocolError,
  ProxyProtocolError,
  Server: WebSocketServer,
  SocketEventTarget,
  WebSocket,
  WebSocketServer,
  createWebSocketStream,
});

/** Instances of the class. */
export type commonJs<Context = unknown> = WebSocket<Context>;

// In the namespace, these have the names that it gives.
type SocketServer<Context> = WebSocketServer<Context>;
type Options<Context> = ServerOptions<Context>;
type Bytes = RawData;

/**
 * The types of what is on it, and those that users of `@types/ws` know by these names.
 *
 * @internal each is described where it is exported
 */
export declare namespace commonJs {
  type HandshakeError = InstanceType<typeof commonJs.HandshakeError>;
  type NotSentError = InstanceType<typeof commonJs.NotSentError>;
  type PreparedMessage = InstanceType<typeof commonJs.PreparedMessage>;
  type ProtocolError = InstanceType<typeof commonJs.ProtocolError>;
  type ProxyProtocolError = InstanceType<typeof commonJs.ProxyProtocolError>;
  type SocketEventTarget = InstanceType<typeof commonJs.SocketEventTarget>;
  type WebSocket<Context = unknown> = commonJs<Context>;
  type WebSocketServer<Context = unknown> = SocketServer<Context>;
  type Server<Context = unknown> = SocketServer<Context>;
  type ServerOptions<Context = unknown> = Options<Context>;
  type RawData = Bytes;
  type Data = string | Bytes;
}
