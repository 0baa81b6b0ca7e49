import { CloseCode, ProtocolError } from '@ws/codec';
import { NotSentError, PreparedMessage } from '@ws/connection';
import { HandshakeError } from '@ws/handshake';
import { SocketEventTarget } from './event-target.ts';
import { ProxyProtocolError } from './proxy/proxy-header.ts';
import { WebSocketServer } from './server.ts';
import { createWebSocketStream } from './stream.ts';
import { WebSocket } from './websocket.ts';

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
