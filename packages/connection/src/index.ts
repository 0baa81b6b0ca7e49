export type { Maskable, MaskKernel, MessageLimits, MessageMemory, Platform, ProtocolError } from '@ws/codec';
export { Driver } from './driver/driver.ts';
export type { DriverLimitSettings, DriverLimits, Overflow } from './driver/driver-limits.ts';
export type { DriverHandler, DriverOptions, DriverParts } from './driver/driver-options.ts';
export { DriverSettings, type SharedDriverOptions } from './driver/driver-settings.ts';
export { Heartbeat, type HeartbeatHost, type HeartbeatOptions, type Pulse } from './driver/heartbeat.ts';
export { type NotSentCode, NotSentError } from './driver/not-sent-error.ts';
export type { HeartbeatSettings } from './driver/read-heartbeat.ts';
export { PauseReason } from './driver/reader.ts';
export type { SendCallback } from './driver/send-callbacks.ts';
export {
  readMessageLimits,
  readServerConnection,
  type ServerConnectionOptions,
  type ServerConnectionSettings,
} from './driver/server-connection.ts';
export type { Clock, Transport } from './driver/transport.ts';
export { Connection, type ConnectionOptions, type ConnectionState } from './machine/connection.ts';
export type { ConnectionSettings, SharedOptions } from './machine/connection-settings.ts';
export type { ConnectionSink } from './machine/connection-sink.ts';
export { type Data, toBytes } from './machine/data.ts';
export type { Decoded, Encoded, EncodeOptions, Extension, ExtensionFailure } from './machine/extension.ts';
export { PreparedMessage, type PrepareOptions } from './machine/prepared.ts';
export { COPY_UP_TO, SendMemory, type SendMemoryOptions, type Slab } from './machine/send-memory.ts';
export type { SendOptions } from './machine/send-options.ts';
export { readBoolean } from './options/boolean.ts';
export { type IntegerRange, readInteger, readMilliseconds, type TimeRange } from './options/integer.ts';
export { kindOf } from './options/kind-of.ts';
export { checkMethods } from './options/methods.ts';
export { checkNames, warnOfNames } from './options/names.ts';
export { checkTypes } from './options/types.ts';
export { isPromise } from './promise.ts';
export type { Message, QueuedMessage } from './socket/message.ts';
export { type MessageFlow, MessageQueue } from './socket/message-queue.ts';
export { clockOf, maskingKeysOf, type RandomSource, type Runtime } from './socket/runtime.ts';
export {
  type ConnectableTransport,
  Socket,
  type SocketEnd,
  type SocketOptions,
  type SocketParts,
} from './socket/socket.ts';
export {
  type ByteReadable,
  type ByteReader,
  type ByteStreams,
  type ByteWritable,
  type ByteWriter,
  openStreams,
  StreamsTransport,
} from './socket/streams.ts';
