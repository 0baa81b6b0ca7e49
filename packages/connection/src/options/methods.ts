/**
 * Checks what an option must be: an object with these methods.
 *
 * @throws TypeError that says what is missing
 */
export function checkMethods(object: unknown, name: string, methods: readonly string[]): void {
  for (const method of methods) {
    if (typeof (object as Record<string, unknown> | null | undefined)?.[method] === 'function') continue;
    const got = object === undefined || object === null ? object : `an object without ${method}`;
    throw new TypeError(`${name} must have the methods ${methods.join(', ')}, got ${got}`);
  }
}
