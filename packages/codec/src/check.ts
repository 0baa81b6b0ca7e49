/*
 * Checks of what the local caller hands in: a wrong type is a TypeError, a wrong number a RangeError, and both
 * are thrown before any state has changed. What the peer sends never comes here.
 */

/** Throws a TypeError unless the value is of the right kind: `wanted`, in words. */
export function check(isRight: boolean, value: unknown, name: string, wanted: string): asserts isRight {
  if (!isRight) throw new TypeError(`${name} must be ${wanted}, got ${value === null ? 'null' : typeof value}`);
}

/** Throws a TypeError unless the value is a Uint8Array (a Buffer is one), of this realm or another. */
export function checkBytes(value: unknown, name: string): asserts value is Uint8Array {
  const isBytes = value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]';
  check(isBytes, value, name, 'a Uint8Array');
}

/** Throws a TypeError unless the value is a function, or is not there. */
export function checkOptionalFunction(value: unknown, name: string): void {
  check(value === undefined || typeof value === 'function', value, name, 'a function');
}

/** Throws a TypeError unless the value is an object with these methods. */
export function checkMethods(value: unknown, name: string, methods: readonly string[]): void {
  for (const method of methods) {
    const found = (value as Record<string, unknown> | null | undefined)?.[method];
    check(typeof found === 'function', found, `${name}.${method}`, 'a function');
  }
}

/** Throws unless the value is an integer from `min` to `max`. */
export function checkInteger(value: unknown, name: string, min: number, max: number): asserts value is number {
  check(typeof value === 'number', value, name, 'a number');
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
}

/**
 * Throws unless `target` has room for `length` bytes at `at`. The message is made only to be thrown: making it costs
 * more than a short frame.
 */
export function checkPlace(at: unknown, what: string, length: number, target: Uint8Array): asserts at is number {
  const last = target.length - length;
  if (Number.isInteger(at) && (at as number) >= 0 && (at as number) <= last) return;
  checkInteger(at, `the place of ${what} of ${length} bytes in a target of ${target.length}`, 0, last);
}

/**
 * Reads one of the limits, in bytes: absent means the default, 0 means 0, and nothing means "unlimited" by accident
 * (row M8).
 */
export function readLimit<Name extends string>(
  limits: { readonly [name in Name]?: number | undefined },
  name: Name,
  preset: number = Number.MAX_SAFE_INTEGER,
): number {
  check(!!limits && typeof limits === 'object', limits, 'limits', 'an object');
  const { [name]: limit = preset } = limits;
  checkInteger(limit, name, 0, Number.MAX_SAFE_INTEGER);
  return limit;
}
