/*
 * Checks of what a test hands in: with a misspelt word it would pass, or run for ever.
 */

/** @throws TypeError for what is no role */
export function checkRole(role: unknown): void {
  if (role === 'server' || role === 'client' || role === 'observer') return;
  throw new TypeError(`role must be 'server', 'client' or 'observer', got ${String(role)}`);
}

/** @throws TypeError for what is no Uint8Array, of this realm or another */
export function checkBytes(bytes: unknown): void {
  if (bytes instanceof Uint8Array || Object.prototype.toString.call(bytes) === '[object Uint8Array]') return;
  throw new TypeError(`bytes must be a Uint8Array, got ${bytes === null ? 'null' : typeof bytes}`);
}
