import {
  kindOf,
  readMilliseconds,
  readServerConnection,
  type ServerConnectionOptions,
  type ServerConnectionSettings,
} from '@ws/connection';
import type { MessageHookSettings } from './message-hook.ts';
import { type RateLimit, readRateLimit } from './rate/rate-limit.ts';
import { clock } from './runtime/clock.ts';

/** The options of a server that are for each of its connections. */
export interface ConnectionOptions extends ServerConnectionOptions {
  readonly rateLimit?: RateLimit | undefined;
  readonly messageHook?: MessageHookSettings['ask'] | undefined;
  readonly messageHookTimeout?: number | undefined;
}

/** {@link ConnectionOptions}, validated, with their defaults. */
export interface ConnectionSettings extends ServerConnectionSettings {
  readonly rateLimit: RateLimit;
  readonly messageHook: MessageHookSettings | undefined;
}

/** @throws TypeError or RangeError for an option of the wrong kind (row M8) */
export function readConnection(options: ConnectionOptions): ConnectionSettings {
  const { messageHook: ask } = options;
  if (ask !== undefined && typeof ask !== 'function') {
    throw new TypeError(`messageHook must be a function, got ${kindOf(ask)}`);
  }
  const timeout = readMilliseconds(options.messageHookTimeout, 'messageHookTimeout', { default: 10_000 });
  return {
    ...readServerConnection(options, clock),
    rateLimit: readRateLimit(options.rateLimit),
    messageHook: ask && { ask, timeout },
  };
}
