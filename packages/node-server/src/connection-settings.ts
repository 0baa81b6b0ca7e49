import { DriverSettings, type ServerConnectionSettings } from '@ws/connection';
import type { MessageHookSettings } from './message-hook.ts';
import type { RateLimit } from './rate/rate-limit.ts';
import { clock } from './runtime/clock.ts';
import { platform, platformOfGiven, sendMemory } from './runtime/platform.ts';

/** What the drivers of a server have in common. */
export interface SharedByDrivers {
  readonly driverSettings: DriverSettings;
  /** For those that are given the chunks that are read. */
  readonly driverSettingsOfGiven: DriverSettings;
}

/** The options of a server that are for each of its connections, validated, with their defaults. */
export interface ConnectionSettings extends ServerConnectionSettings, SharedByDrivers {
  readonly rateLimit: RateLimit;
  readonly messageHook: MessageHookSettings | undefined;
}

export function driverSettingsOf(settings: ServerConnectionSettings): SharedByDrivers {
  const shared = { ...settings, role: 'server', clock, sendMemory } as const;
  return {
    driverSettings: new DriverSettings({ ...shared, platform }),
    driverSettingsOfGiven: new DriverSettings({ ...shared, platform: platformOfGiven }),
  };
}
