/** What Node, Deno and Bun run. */
import { runSuite } from '../suite/codec.suite.js';

/** @type {{ Bun?: { version: string }, Deno?: { version: { deno: string } }, process?: { version: string } }} */
const { Bun, Deno, process } = globalThis;
const runtime = Bun ? `Bun ${Bun.version}` : Deno ? `Deno ${Deno.version.deno}` : `Node ${process?.version.slice(1)}`;

console.log(JSON.stringify({ ...runSuite(), runtime }));
