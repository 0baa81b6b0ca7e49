export {
  Connection,
  type ConnectionOptions,
  type ConnectionSink,
  type ConnectionState,
  type SendOptions,
} from './connection.ts';
export { type Data, toBytes } from './data.ts';
export { Driver, type DriverHandler, type DriverOptions, type SendCallback } from './driver.ts';
export type { Extension, ExtensionFailure } from './extension.ts';
export { type Message, MessageQueue } from './message-queue.ts';
export { SendMemory } from './send-memory.ts';
export type { Clock, Transport } from './transport.ts';
