/** The first of `supported`, the server's list in order of preference, that the client offered. */
export function selectSubprotocol(offered: readonly string[], supported: readonly string[]): string | undefined {
  return supported.find((subprotocol) => offered.includes(subprotocol));
}
