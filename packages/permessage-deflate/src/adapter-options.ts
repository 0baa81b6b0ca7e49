import { kindOf, readInteger, warnOfNames } from '@ws/connection';
import { NAMES, type ServerOptions } from './options.ts';

/** The threads of Node's pool, and as many contexts of zlib: more would wait, or take memory. */
const MOST_AT_A_TIME = 4;

/**
 * Reads what a server's option `perMessageDeflate` says: whether it compresses, and how.
 *
 * @param processors how many there are: a message each, and one whose result is taken meanwhile, are the default of
 *   `concurrencyLimit`, but at most 4
 * @param warn is told of unknown options, as those of `ws` for zlib: they are left out
 * @returns `concurrency` for zlib, and the options for `permessageDeflate`, which validates them; undefined: not at all
 * @throws TypeError or RangeError if it is of the wrong kind
 */
export function readPerMessageDeflate(
  option: boolean | (ServerOptions & { readonly concurrencyLimit?: number | undefined }) | undefined,
  processors: number,
  warn: (message: string) => void,
): { readonly concurrency: number; readonly options: ServerOptions } | undefined {
  if (option === false) return undefined;
  const given = option === undefined || option === true ? {} : option;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`perMessageDeflate must be a boolean or an object, got ${kindOf(given)}`);
  }
  warnOfNames('perMessageDeflate', given, [...NAMES, 'concurrencyLimit'], warn);
  const { concurrencyLimit } = given;
  const options = Object.fromEntries(NAMES.map((name) => [name, given[name]]));
  const range = { default: Math.min(processors + 1, MOST_AT_A_TIME), min: 1 };
  return { concurrency: readInteger(concurrencyLimit, 'concurrencyLimit', range), options };
}
