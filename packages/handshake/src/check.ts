/** @throws TypeError or RangeError: a limit that is silently coerced is no limit */
export function readLimit(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw new TypeError(`${name}: expected a number, got ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${name}: ${value} is not an integer of 0 or more`);
  return value;
}

/** @throws TypeError for anything else: a string has a length and indices too */
export function checkBytes(name: string, value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name}: expected a Uint8Array, got ${typeof value}`);
}
