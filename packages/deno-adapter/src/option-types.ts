const AN: Record<string, string> = { string: 'a string', function: 'a function', object: 'an object' };

/** @throws TypeError for the first option that is there and of another type; null is of none */
export function checkTypes(type: 'string' | 'function' | 'object', options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && (value === null || typeof value !== type)) {
      throw new TypeError(`${name} must be ${AN[type]}, got ${value === null ? 'null' : typeof value}`);
    }
  }
}
