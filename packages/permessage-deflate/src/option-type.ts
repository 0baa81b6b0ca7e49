/** @throws TypeError for an option that is there and of another type */
export function checkOptionType(name: string, value: unknown, type: 'boolean' | 'function'): void {
  if (value === undefined || typeof value === type) return;
  throw new TypeError(`${name} must be a ${type}, got ${value === null ? 'null' : typeof value}`);
}
