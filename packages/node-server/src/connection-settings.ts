import type { ServerConnectionSettings } from '@ws/connection';
import type { MessageHookSettings } from './message-hook.ts';
import type { RateLimit } from './rate/rate-limit.ts';

/** The options of a server that are for each of its connections, validated, with their defaults. */
export interface ConnectionSettings extends ServerConnectionSettings {
  readonly rateLimit: RateLimit;
  readonly messageHook: MessageHookSettings | undefined;
}
