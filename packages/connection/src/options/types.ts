import { kindOf } from './kind-of.ts';

const A = {
  boolean: 'a boolean',
  function: 'a function',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

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
