/**
 * Checks of what the local caller hands in: a wrong type is a TypeError, a wrong number a RangeError, and both
 * are thrown before any state has changed. What the peer sends never comes here.
 */

/** Throws a TypeError unless the value is a Uint8Array (a Buffer is one), of this realm or another. */
export function checkBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]') return;
  throw new TypeError(`${name} must be a Uint8Array, got ${value === null ? 'null' : typeof value}`);
}

/** Throws unless the value is an integer from `min` to `max`. */
export function checkInteger(value: unknown, name: string, min: number, max: number): asserts value is number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, got ${value === null ? 'null' : typeof value}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
}

/** Throws unless `target` has room for `length` bytes at `at`. The message is made only to be thrown: making it costs more than a short frame. */
export function checkPlace(at: unknown, what: string, length: number, target: Uint8Array): asserts at is number {
  const last = target.length - length;
  if (Number.isInteger(at) && (at as number) >= 0 && (at as number) <= last) return;
  checkInteger(at, `the place of ${what} of ${length} bytes in a target of ${target.length}`, 0, last);
}

/** Reads a limit in bytes: absent means the default, 0 means 0, and nothing means "unlimited" by accident (row M8). */
export function readLimit(value: number | undefined, name: string, preset: number): number {
  if (value === undefined) return preset;
  checkInteger(value, name, 0, Number.MAX_SAFE_INTEGER);
  return value;
}
