import type { Data, SendCallback } from '@ws/connection';

/**
 * The arguments of `ping` and `pong`: as in `ws`, the callback may stand in any place from the first on, and null is no
 * data.
 */
export function controlArguments(
  data: Data | SendCallback | undefined,
  mask: boolean | SendCallback | undefined,
  callback: SendCallback | undefined,
): [Data | undefined, SendCallback | undefined] {
  if (typeof data === 'function') return [undefined, data];
  return [data ?? undefined, typeof mask === 'function' ? mask : callback];
}
