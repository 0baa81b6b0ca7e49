import { kindOf } from './kind-of.ts';

/** The longest time that timers take on every runtime; longer ones fire at once on some. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/** Which integers an option takes, and what it is if it is left out. */
export interface IntegerRange {
  readonly default: number;
  /** Default: 0. */
  readonly min?: number;
  /** Default: 2^53-1. */
  readonly max?: number;
}

/** Which times an option takes, from `min` to 2^31-1 milliseconds. */
export interface TimeRange extends Omit<IntegerRange, 'max'> {
  /** How to have no limit, where 0 does not say so: the end of the error. */
  readonly none?: string;
}

/**
 * Reads an option that is an integer: absent means the default, 0 means 0.
 *
 * @throws TypeError for an option of another type; RangeError for a number out of range
 */
export function readInteger(value: number | undefined, name: string, range: IntegerRange): number {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range;
  return value === undefined ? range.default : inRange(value, name, min, max, '', '');
}

/** As {@link readInteger}, for a time limit: nothing means "for ever" by accident. */
export function readMilliseconds(value: number | undefined, name: string, range: TimeRange): number {
  if (value === undefined) return range.default;
  const { min = 0, none } = range;
  return inRange(value, name, min, MAX_MILLISECONDS, ' milliseconds', none === undefined ? '' : `; ${none}`);
}

/** The value, if it is an integer from `min` to `max`; else throws. */
function inRange(value: number, name: string, min: number, max: number, unit: string, hint: string): number {
  if (typeof value !== 'number') {
    const of = unit && ` of${unit}`;
    throw new TypeError(`${name} must be a number${of}, got ${kindOf(value)}${hint}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}${unit}, got ${value}${hint}`);
  }
  return value;
}
