import { kindOf } from './kind-of.ts';

const A = {
  boolean: 'a boolean',
  function: 'a function',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

/** @throws TypeError for what is no object; null is none. For options that are read for each connection. */
export function checkObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name} must be an object, got ${kindOf(value)}`);
}

/**
 * Checks the types of options; one that is left out, as undefined, is of any.
 *
 * @throws TypeError for the first that is there and of another type; null is of none
 */
export function checkTypes(type: keyof typeof A, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && (value === null || typeof value !== type)) {
      throw new TypeError(`${name} must be ${A[type]}, got ${kindOf(value)}`);
    }
  }
}
