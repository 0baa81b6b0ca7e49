import { readFileSync } from 'node:fs';
import { putSection, tableOf } from '../scripts/markdown.js';

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

/** The columns before the figures. */
const TEXTS = ['what', 'role', 'runtimes'];

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
 * The README with the table of the rows of all runtimes. It has no times, so that the same sources make the same table.
 *
 * @param {string} readme
 * @param {readonly Row[]} rows
 */
export function putTable(readme, rows) {
  const head = [...TEXTS, ...features, 'checks'];
  return putSection(readme, BEGIN, END, tableOf(head, grouped(rows).map(cells), TEXTS.length));
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
