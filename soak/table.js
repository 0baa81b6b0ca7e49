import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { putSection } from '../scripts/markdown.js';

const README = new URL('README.md', import.meta.url);

/** What the figures were measured with. */
export const machine = () => `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;

/** @param {number} bytes */
export const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * Puts what a command has measured into the README, in place of what it has put there before.
 *
 * @param {'soak' | 'siege'} command
 * @param {string} text
 */
export function writeReadme(command, text) {
  const marks = /** @type {const} */ ([
    `<!-- written by \`npm run ${command} -- --write\` -->`,
    `<!-- /${command} -->`,
  ]);
  writeFileSync(README, putSection(readFileSync(README, 'utf8'), ...marks, text));
}

/**
 * Says what was wrong, and leaves the exit code.
 *
 * @param {readonly string[]} failures
 */
export function finish(failures) {
  for (const failure of failures) console.error(`failed: ${failure}`);
  console.log(failures.length === 0 ? 'all is as it should be' : `${failures.length} failures`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
