/** What a value is, for an error: typeof calls null an object. That of connection may not be imported here. */
export const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value);

/** @throws TypeError for a value of another type */
export function checkType(name: string, value: unknown, type: 'boolean' | 'function' | 'number' | 'string'): void {
  if (typeof value !== type) throw new TypeError(`${name} must be a ${type}, got ${kindOf(value)}`);
}

/** @throws TypeError or RangeError: a limit that is silently coerced is no limit */
export function readLimit(name: string, fallback: number, value: number = fallback): number {
  checkType(name, value, 'number');
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${name} must be an integer of 0 or more, got ${value}`);
  return value;
}

/** @throws TypeError for anything but a Uint8Array, of this realm or another: a string has a length and indices too */
export function checkBytes(name: string, value: Uint8Array): void {
  if (Object.prototype.toString.call(value) === '[object Uint8Array]') return;
  throw new TypeError(`${name} must be a Uint8Array, got ${kindOf(value)}`);
}
