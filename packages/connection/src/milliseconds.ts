/** The longest time that timers take on every runtime; longer ones fire at once on some. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/** Reads a time limit: absent means the default, 0 means 0, and nothing means "for ever" by accident (row M8). */
export function readMilliseconds(value: number | undefined, name: string, preset: number): number {
  if (value === undefined) return preset;
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, got ${value === null ? 'null' : typeof value}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > MAX_MILLISECONDS) {
    throw new RangeError(`${name} must be an integer from 0 to ${MAX_MILLISECONDS} milliseconds, got ${value}`);
  }
  return value;
}
