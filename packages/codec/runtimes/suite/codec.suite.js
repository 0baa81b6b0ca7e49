/**
 * One suite over the built package, for every runtime: it needs nothing but ECMAScript, and makes the same checks
 * everywhere.
 */
import { Checks } from './checks.js';
import { closeSuite } from './close.suite.js';
import { firstTwoBytesSuite } from './first-two-bytes.suite.js';
import { frameSuite } from './frame.suite.js';
import { headerSuite } from './header.suite.js';
import { maskSuite } from './mask.suite.js';
import { memorySuite } from './memory.suite.js';
import { streamSuite } from './stream.suite.js';
import { utf8Suite } from './utf8.suite.js';
import { vectorsSuite } from './vectors.suite.js';

const PARTS = {
  vectors: vectorsSuite,
  header: headerSuite,
  'first two bytes': firstTwoBytesSuite,
  mask: maskSuite,
  frame: frameSuite,
  close: closeSuite,
  'UTF-8': utf8Suite,
  stream: streamSuite,
  memory: memorySuite,
};

/**
 * @typedef {{ checks: number, failures: string[] }} Outcome
 * @returns {Outcome}
 */
export function runSuite() {
  const t = new Checks();
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      part(t);
    } catch (error) {
      t.check(`${name} runs to its end`, false, error instanceof Error ? `${error}\n${error.stack}` : error);
    }
  }
  return { checks: t.checks, failures: t.failures };
}
