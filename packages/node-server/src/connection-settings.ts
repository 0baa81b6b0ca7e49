import { readServerConnection, type ServerConnectionOptions, type ServerConnectionSettings } from '@ws/connection';
import { type RateLimit, readRateLimit } from './rate/rate-limit.ts';
import { clock } from './runtime/clock.ts';

/** The options of a server that each of its connections needs, with their defaults. */
export interface ConnectionSettings extends ServerConnectionSettings {
  readonly rateLimit: RateLimit;
}

/** @throws TypeError or RangeError (row M8) */
export function readConnection(
  options: ServerConnectionOptions & { readonly rateLimit?: RateLimit | undefined },
): ConnectionSettings {
  return { ...readServerConnection(options, clock), rateLimit: readRateLimit(options.rateLimit) };
}
