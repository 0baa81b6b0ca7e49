/** Says in an error what a value is: its type, or null, whose type would be "object". */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
