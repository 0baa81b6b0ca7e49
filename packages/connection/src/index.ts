export { Connection, type ConnectionOptions, type ConnectionState } from './connection.ts';
export type { ConnectionSink } from './connection-sink.ts';
export { type Data, toBytes } from './data.ts';
export { Driver } from './driver.ts';
export type { DriverLimitSettings, DriverLimits, Overflow } from './driver-limits.ts';
export type { DriverHandler, DriverOptions } from './driver-options.ts';
export type { Decoded, Encoded, EncodeOptions, Extension, ExtensionFailure } from './extension.ts';
export { Heartbeat, type HeartbeatOptions, type HeartbeatOwner, type Pulse } from './heartbeat.ts';
export { type IntegerRange, readInteger, readMilliseconds, type TimeRange } from './integer.ts';
export type { Message, QueuedMessage } from './message.ts';
export { MessageHook, type MessageHookHost, type MessageVerdict } from './message-hook.ts';
export type { MessageIterator, MessageSource } from './message-iterator.ts';
export { MessageQueue } from './message-queue.ts';
export { type NotSentCode, NotSentError } from './not-sent-error.ts';
export { PreparedMessage, type PrepareOptions } from './prepared.ts';
export { isPromise } from './promise.ts';
export { type HeartbeatSettings, readHeartbeat } from './read-heartbeat.ts';
export { PauseReason } from './reader.ts';
export { clockOf, maskingKeysOf, type RandomSource, type Runtime } from './runtime.ts';
export type { SendCallback } from './send-callbacks.ts';
export { SendMemory, type SendMemoryOptions, type Slab } from './send-memory.ts';
export type { SendOptions } from './sender.ts';
export {
  readServerConnection,
  type ServerConnectionOptions,
  type ServerConnectionSettings,
} from './server-connection.ts';
export { type ConnectableTransport, Socket, type SocketEnd, type SocketOptions } from './socket.ts';
export {
  type ByteReadable,
  type ByteReader,
  type ByteStreams,
  type ByteWritable,
  type ByteWriter,
  openStreams,
  StreamsTransport,
} from './streams.ts';
export type { Clock, Transport } from './transport.ts';
