/** The longest time that timers take on every runtime; longer ones fire at once on some. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/**
 * Reads an option that is an integer: absent means the default, 0 means 0.
 *
 * @throws TypeError for an option of another type; RangeError for a number out of range
 */
export function readInteger(value: number | undefined, name: string, max: number, preset: number, min = 0): number {
  return read(value, name, '', min, max, preset);
}

/**
 * As {@link readInteger}, for a time limit: nothing means "for ever" by accident.
 *
 * @param none how to have no limit, where 0 does not say so: the end of the error
 */
export function readMilliseconds(value: number | undefined, name: string, preset: number, min = 0, none = ''): number {
  return read(value, name, 'milliseconds', min, MAX_MILLISECONDS, preset, none);
}

function read(
  value: number | undefined,
  name: string,
  unit: string,
  min: number,
  max: number,
  preset: number,
  none = '',
): number {
  if (value === undefined) return preset;
  const hint = none && `; ${none}`;
  if (typeof value !== 'number') {
    const of = unit && ` of ${unit}`;
    throw new TypeError(`${name} must be a number${of}, got ${value === null ? 'null' : typeof value}${hint}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}${unit && ` ${unit}`}, got ${value}${hint}`);
  }
  return value;
}
