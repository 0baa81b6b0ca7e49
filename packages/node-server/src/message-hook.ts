import { inspect } from 'node:util';
import { type Driver, type Message, MessageHook, type MessageVerdict, PauseReason } from '@ws/connection';
import { clock } from './runtime/clock.ts';
import type { WebSocket } from './websocket.ts';
import type { HookedMessages } from './websocket-init.ts';

/** Decides on each message before anybody hears of it; see `MessageVerdict`. */
export type MessageHookFunction<Context = unknown> = (
  message: Message<Buffer<ArrayBuffer>>,
  socket: WebSocket<Context>,
) => MessageVerdict | PromiseLike<MessageVerdict>;

/** Puts a hook between the driver of a WebSocket and whoever is told of its messages. */
export function hookMessages(
  hook: MessageHookFunction,
  timeout: number,
  driver: Driver,
  told: HookedMessages,
): MessageHook<Buffer<ArrayBuffer>> {
  const socket = told.socket as WebSocket;
  const host = {
    hook: (message: Message<Buffer<ArrayBuffer>>) => hook(message, socket),
    pause: () => driver.pause(PauseReason.Hook),
    resume: () => driver.resume(PauseReason.Hook),
    deliver: (payload: Uint8Array, isBinary: boolean) => driver.call(() => told.deliver(asBuffer(payload), isBinary)),
    failed: (error: unknown, code: number, reason: string) => {
      told.failed(error instanceof Error ? error : new Error(`the message hook has thrown ${inspect(error)}`));
      socket.close(code, reason);
    },
  };
  return new MessageHook(host, clock, timeout);
}

/** Bytes as a Buffer, without a copy. */
function asBuffer(bytes: Uint8Array): Buffer<ArrayBuffer> {
  if (Buffer.isBuffer(bytes)) return bytes as Buffer<ArrayBuffer>;
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}
