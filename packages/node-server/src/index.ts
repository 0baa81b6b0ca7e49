export { CloseCode, ProtocolError, type ViolationName } from '@ws/codec';
export {
  type Data,
  type Decoded,
  type Encoded,
  type EncodeOptions,
  type Extension,
  type HeartbeatSettings,
  type Message,
  type NotSentCode,
  NotSentError,
  type Overflow,
  PreparedMessage,
  type PrepareOptions,
  type SendCallback,
  type SendOptions,
  type ServerConnectionOptions,
} from '@ws/connection';
export { HandshakeError, type HandshakeReason, type HeaderFields, type Headers, type Verdict } from '@ws/handshake';
export type { BinaryType } from './binary-type.ts';
export type { BroadcastOptions } from './broadcast.ts';
export type { CloseOptions } from './close-clients.ts';
export { commonJs as 'module.exports' } from './common-js.ts';
export { type BrowserEvents, type BrowserHandler, type BrowserListener, SocketEventTarget } from './event-target.ts';
export type { MessageVerdict } from './message-hook.ts';
export type { MessageHookFunction, ServerOptions } from './options.ts';
export type { OwnOptions } from './own-options.ts';
export type { PerMessageDeflateOptions } from './per-message-deflate.ts';
export { ProxyProtocolError, type ProxyProtocolReason } from './proxy/proxy-header.ts';
export type { TrustProxy } from './proxy/trust-proxy.ts';
export type { RateLimit } from './rate/rate-limit.ts';
export {
  type UpgradeCallback,
  WebSocketServer,
  type WebSocketServerEvents,
} from './server.ts';
export { createWebSocketStream } from './stream.ts';
export type { DiagnosticsMessages } from './telemetry/diagnostics.ts';
export type { Labels } from './telemetry/prometheus.ts';
export type { ClientInfo, VerifyCallback, VerifyClient } from './upgrade/verify-client.ts';
export { WebSocket, WebSocket as default } from './websocket.ts';
export type { RawData, WebSocketEvents, WebSocketListener } from './websocket-events.ts';
