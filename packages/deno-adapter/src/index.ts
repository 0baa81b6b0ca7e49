/**
 * A WebSocket server (RFC 6455, RFC 7692) for Deno.
 *
 * @module
 */

export { CloseCode, ProtocolError, type ViolationName } from '@ws/codec';
export {
  type Data,
  type DriverLimits,
  type HeartbeatSettings,
  type Message,
  type NotSentCode,
  NotSentError,
  type Overflow,
  type SendOptions,
  type ServerConnectionOptions,
  Socket,
  type SocketEnd,
} from '@ws/connection';
export {
  type ExtensionNegotiator,
  type ExtensionParameters,
  HandshakeError,
  type HandshakeReason,
  type HeaderFields,
  type Headers,
  type HeadLimits,
  type SubprotocolSelector,
  type UpgradePolicyOptions,
  type Verdict,
} from '@ws/handshake';
export type { ServerOptions as DeflateOptions } from '@ws/permessage-deflate';
export { type AcceptOptions, accept } from './accept.ts';
export type { PerMessageDeflateOptions } from './deflate.ts';
export type { Address, Conn, Listener } from './deno.ts';
export type { ListenOptions } from './listen-options.ts';
export type { Authenticate, ClientInfo, PolicyOptions } from './options.ts';
export type { RequestHandler } from './plain.ts';
export { AcceptPolicy } from './policy.ts';
export { type Handler, type ServeOptions, Server, serve } from './serve.ts';
export type { ServerWebSocket } from './socket.ts';
