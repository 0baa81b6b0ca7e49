/**
 * Refuses unknown options: a misspelt one would be missed without a word.
 *
 * @param what what has the options, as the error calls it
 * @throws TypeError for a name that is not known, unless its value is undefined
 */
export function checkNames(what: string, options: object, known: readonly string[]): void {
  for (const name of unknownNames(options, known)) {
    throw new TypeError(`${what} has no option ${JSON.stringify(name)}; it has ${known.join(', ')}`);
  }
}

/** The warnings that the process has been given. */
const given = new Set<string>();

/**
 * Warns of unknown options, once each. For those that libraries hand on, some of which may be for
 * another: no error, therefore.
 *
 * @param what what has the options, as the warning calls it
 */
export function warnOfNames(
  what: string,
  options: object,
  known: readonly string[],
  warn: (message: string) => void,
): void {
  for (const name of unknownNames(options, known)) {
    const warning = `${what} has no option ${JSON.stringify(name)}, and ignores it; it has ${known.join(', ')}`;
    if (given.has(warning)) continue;
    given.add(warning);
    warn(warning);
  }
}

function unknownNames(options: object, known: readonly string[]): string[] {
  return Object.entries(options)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name]) => name);
}
