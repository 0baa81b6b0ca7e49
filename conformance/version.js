/**
 * @type {{ Bun?: { version: string }, Deno?: { version: { deno: string } }, process?: { versions: { node: string } } }}
 */
const { Bun, Deno, process } = globalThis;

/** What the runtime says that it is. Bun and Deno also say that they are a Node. */
export const version = Bun?.version ?? Deno?.version.deno ?? process?.versions.node;
