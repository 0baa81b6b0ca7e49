import { bun } from './bun.js';
import { chromium } from './chromium.js';
import { deno } from './deno.js';
import { nodes, thisNode } from './node.js';
import { quickjs } from './quickjs.js';
import { workerd } from './workerd.js';

/**
 * @typedef {import('../suite/codec.suite.js').Outcome & { runtime: string }} Outcome `runtime` is what the runtime says
 *   that it is
 *
 * `name` has the major version, if we choose it; `version` is what the runtime must say of itself.
 * @typedef {{ name: string, version: string, run: () => Promise<Outcome> }} Runtime
 */

/** What the README promises. @type {readonly Runtime[]} */
export const promised = [...nodes, deno, bun, workerd, quickjs, chromium];

/** All but a browser, which the system tier has; and the Node at hand, whichever it is. @type {readonly Runtime[]} */
export const unitTier = [thisNode, ...promised.filter((runtime) => runtime !== chromium)];

/** @type {readonly Runtime[]} */
export const everywhere = [thisNode, ...promised];
