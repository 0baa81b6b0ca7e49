import { DriverSettings, type ServerConnectionSettings } from '@ws/connection';
import type { MessageHookSettings } from './message-hook.ts';
import type { RateLimit } from './rate/rate-limit.ts';
import { clock } from './runtime/clock.ts';
import { platform, sendMemory } from './runtime/platform.ts';

/** The options of a server that are for each of its connections, validated, with their defaults. */
export interface ConnectionSettings extends ServerConnectionSettings {
  /** What the drivers of a server have in common. */
  readonly driverSettings: DriverSettings;
  readonly rateLimit: RateLimit;
  readonly messageHook: MessageHookSettings | undefined;
}

export function driverSettingsOf(settings: ServerConnectionSettings): DriverSettings {
  return new DriverSettings({ ...settings, role: 'server', clock, sendMemory, platform });
}
