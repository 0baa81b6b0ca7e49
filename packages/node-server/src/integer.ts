/** @throws TypeError for an option of another type; RangeError for a number out of range (row M8) */
export function integer(value: number | undefined, name: string, max: number, preset: number, min = 0): number {
  if (value === undefined) return preset;
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${typeof value}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
  return value;
}
