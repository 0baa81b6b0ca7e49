import { readFileSync } from 'node:fs';

/** What the table has a column for. */
export const features = /** @type {const} */ ([
  'handshake',
  'messages',
  'fragments',
  'controls',
  'closing',
  'violations',
  'limits',
  'backpressure',
  'compression',
]);

/**
 * A row of the table: how many checks of each feature were executed, and found all right.
 *
 * @typedef {(typeof features)[number]} Feature
 * @typedef {Partial<Record<Feature, number>>} Counts
 * @typedef {{ readonly what: string, readonly role: string, readonly runtime: string, readonly counts: Counts }} Row
 */

export const README = new URL('../README.md', import.meta.url);
const BEGIN = '<!-- conformance: written by `node conformance/run.js --write` -->';
const END = '<!-- /conformance -->';

/** @param {Counts} counts */
export const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

/** @param {Row} row */
const cells = ({ what, role, runtime, counts }) => [
  ...[what, role, runtime],
  ...features.map((feature) => String(counts[feature] ?? '')),
  String(sum(counts)),
];

/**
 * One row for a subject and role in all the runtimes that have executed the same number of checks.
 *
 * @param {readonly Row[]} rows
 * @returns {Row[]}
 */
function grouped(rows) {
  const groups = new Map(rows.map((row) => [keyOf(row), row]));
  return Array.from(groups, ([key, row]) => {
    const runtimes = rows.filter((other) => keyOf(other) === key).map(({ runtime }) => runtime);
    return { ...row, runtime: listOf(runtimes) };
  });
}

/** @param {Row} row */
const keyOf = ({ what, role, counts }) => JSON.stringify([what, role, features.map((feature) => counts[feature])]);

/** Each name once, with all of its versions. @param {readonly string[]} runtimes */
function listOf(runtimes) {
  const names = new Set(runtimes.map((runtime) => runtime.split(' ', 1)[0] ?? ''));
  return Array.from(names, (name) => {
    const versions = runtimes
      .filter((runtime) => runtime.split(' ', 1)[0] === name)
      .map((runtime) => runtime.slice(name.length));
    return name + versions.join(',');
  }).join('; ');
}

/**
 * The table out of the rows of all runtimes. Without times, so that the same sources make the same table.
 *
 * @param {readonly Row[]} rows
 */
export function tableOf(rows) {
  const lines = [['what', 'role', 'runtimes', ...features, 'checks'], ...grouped(rows).map(cells)];
  const widths = (lines[0] ?? []).map((_, at) => Math.max(3, ...lines.map((line) => line[at]?.length ?? 0)));
  const isText = (/** @type {number} */ at) => at < 3;
  const [head, ...body] = lines.map((line) => {
    const padded = line.map((cell, at) => (isText(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)));
    return `| ${padded.join(' | ')} |`;
  });
  const rule = widths.map((width, at) => (isText(at) ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [BEGIN, '', head, `| ${rule.join(' | ')} |`, ...body, '', END].join('\n');
}

/**
 * The README with this table in place of its own.
 *
 * @param {string} readme
 * @param {string} table
 */
export function putTable(readme, table) {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END, begin);
  if (begin === -1 || end === -1) throw new Error(`The README has no place for the table:\n${BEGIN}\n${END}`);
  return readme.slice(0, begin) + table + readme.slice(end + END.length);
}

/** The rows of the README's table, without what pads them. */
export function rowsOfReadme() {
  const readme = readFileSync(README, 'utf8');
  const lines = readme.slice(readme.indexOf(BEGIN), readme.indexOf(END)).split('\n');
  const [, , ...rows] = lines.filter((line) => line.startsWith('| '));
  return rows.map((line) => line.replace(/ +/g, ' '));
}

/** The rows as {@link rowsOfReadme} gives them. @param {readonly Row[]} rows */
export const rowLines = (rows) => grouped(rows).map((row) => `| ${cells(row).join(' | ')} |`.replace(/ +/g, ' '));
