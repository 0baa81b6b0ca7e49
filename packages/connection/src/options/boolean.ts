import { kindOf } from './kind-of.ts';

/**
 * Reads an option that is true or false: absent means the default.
 *
 * @throws TypeError for anything else, such as 0 or null, which one reader of an option would take for false and
 *   another for absent
 */
export function readBoolean(value: boolean | undefined, name: string, preset: boolean): boolean {
  if (value === undefined) return preset;
  if (typeof value === 'boolean') return value;
  throw new TypeError(`${name} must be a boolean, got ${kindOf(value)}`);
}
