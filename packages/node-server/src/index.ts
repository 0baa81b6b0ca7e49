export { CloseCode, ProtocolError, type ViolationName } from '@ws/codec';
export type { Data, HeartbeatSettings as HeartbeatOptions, Message, SendCallback, SendOptions } from '@ws/connection';
export { HandshakeError, type HandshakeReason, type Headers, type Verdict } from '@ws/handshake';
export type { ServerOptions } from './options.ts';
export type { PerMessageDeflateOptions } from './per-message-deflate.ts';
export { type UpgradeCallback, WebSocketServer, type WebSocketServerEvents } from './server.ts';
export type { TrustProxy } from './trust-proxy.ts';
export type { ClientInfo, VerifyCallback, VerifyClient } from './verify-client.ts';
export { WebSocket, WebSocket as default, type WebSocketEvents, type WebSocketListener } from './websocket.ts';
