import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

const README = new URL('README.md', import.meta.url);

/** What the figures were measured with. */
export const machine = () => `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}`;

/** @param {number} bytes */
export const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/**
 * A table in Markdown.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function tableOf(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, at) => Math.max(3, ...lines.map((line) => line[at]?.length ?? 0)));
  const [first, ...rest] = lines.map(
    (line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest].join('\n');
}

/**
 * Puts what a command has measured into the README, in place of what it has put there before.
 *
 * @param {'soak' | 'siege'} command
 * @param {string} text
 */
export function writeReadme(command, text) {
  const readme = readFileSync(README, 'utf8');
  const begin = `<!-- written by \`npm run ${command} -- --write\` -->`;
  const end = `<!-- /${command} -->`;
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`The README has no place for this:\n${begin}\n${end}`);
  writeFileSync(README, `${readme.slice(0, from)}${begin}\n\n${text}\n\n${readme.slice(to)}`);
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
