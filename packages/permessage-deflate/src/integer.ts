/** @throws TypeError for an option of another type; RangeError for a number out of range */
export function readInteger(name: string, value: unknown, min: number, max: number, preset: number): number {
  if (value === undefined) return preset;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${typeof value}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
  return value;
}
