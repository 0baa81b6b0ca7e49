import { readFileSync } from 'node:fs';
import { putSection, tableOf } from '../scripts/markdown.js';

/**
 * A server of the table, and what has become of each attack.
 *
 * @typedef {{ name: string, attacker: string, good: string, held: boolean, fact: string }} Row
 * @typedef {{ name: string, versions: string, rows: readonly Row[] }} Column
 */

export const README = new URL('./README.md', import.meta.url);
const BEGIN = '<!-- attacks: written by `node attacks/run.js --write` -->';
const END = '<!-- /attacks -->';

/** @param {Row | undefined} row */
function cell(row) {
  if (row === undefined) return '';
  const { held, fact } = row;
  return `${held ? 'held' : '**fell**'}${fact === '' ? '' : `: ${fact}`}`.replaceAll('|', '\\|');
}

/**
 * Out of the columns, of which all have the same rows.
 *
 * @param {readonly Column[]} columns
 */
export function tableOfColumns(columns) {
  const head = [
    '',
    'the attacker …',
    'a good server …',
    ...columns.map(({ name, versions }) => `${name} (${versions})`),
  ];
  const body = (columns[0]?.rows ?? []).map(({ name, attacker, good }, at) => [
    ...[name, attacker, good],
    ...columns.map(({ rows }) => cell(rows[at])),
  ]);
  const held = columns.map(({ rows }) => `${rows.filter(({ held }) => held).length} of ${rows.length}`);
  return tableOf(head, [...body, ['', '', 'held', ...held]]);
}

/**
 * The README with this table in place of its own.
 *
 * @param {string} readme
 * @param {string} table
 */
export const putTable = (readme, table) => putSection(readme, BEGIN, END, table);

/**
 * Who has held and who has fallen by the README, as lines; of the measured numbers no two runs are the same.
 *
 * @param {string} server
 * @returns {string[]}
 */
export function verdictsOfReadme(server) {
  const readme = readFileSync(README, 'utf8');
  const lines = readme.slice(readme.indexOf(BEGIN), readme.indexOf(END)).split('\n');
  const rows = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '));
  const [head = [], , ...body] = rows;
  const at = head.findIndex((title) => title.startsWith(`${server} (`));
  return body.slice(0, -1).map((row) => `${row[0]?.trim()}: ${row[at]?.startsWith('held') ? 'held' : 'fell'}`);
}
